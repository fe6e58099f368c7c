using System.Runtime.InteropServices;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Serialization.Elements;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>The form of rows: how many, and the columns one behind the other.</summary>
internal sealed class RowSetForm : WireForm<RowSet>
{
    // Element type, flags, name, OID.
    private const int LeastOfColumn = 4;

    internal override bool HasAbsent => true;

    internal override bool IsOftenAbsent => true;

    internal override RowSet Absent => RowSet.Empty;

    internal override bool IsAbsent(RowSet value) => value.Columns.IsDefaultOrEmpty && value.Count == 0;

    internal override void Write(MessageWriter writer, RowSet value)
    {
        writer.WriteVar((uint)value.Count);
        writer.WriteVar((uint)value.Columns.Length);
        foreach (var column in value.Columns)
        {
            if (column.Count != value.Count)
                throw new UnsendableException(
                    new ResultMismatch($"column \"{column.Description.Name}\" has {column.Count} of {value.Count} rows"));
            ColumnForm.Write(writer, column);
        }
    }

    internal override RowSet Read(MessageReader reader)
    {
        var rows = reader.ReadVar();
        if (rows > int.MaxValue)
            throw new MalformedMessageException($"{rows} rows");
        var columns = new Column[reader.ReadCount(LeastOfColumn)];
        for (var i = 0; i < columns.Length; i++)
            columns[i] = ColumnForm.Read(reader, (int)rows);
        return new(ImmutableCollectionsMarshal.AsImmutableArray(columns), (int)rows);
    }
}
