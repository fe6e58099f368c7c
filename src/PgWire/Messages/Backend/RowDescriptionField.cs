using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A column of a result.</summary>
/// <param name="Name">As the statement calls it.</param>
/// <param name="Table">Object id of the table that it comes from; 0 for none.</param>
/// <param name="Column">Its number in that table; 0 for none.</param>
/// <param name="Type">Object id of its type.</param>
/// <param name="TypeSize">Bytes of the type; negative when they vary.</param>
/// <param name="TypeModifier">What the type was declared with.</param>
/// <param name="Format">0 for text, 1 for binary; 0 when only the statement was described.</param>
public readonly record struct RowDescriptionField(WireText Name, uint Table, short Column, uint Type, short TypeSize, int TypeModifier,
    short Format)
{
    /// <summary>An empty name and six numbers.</summary>
    private const int LeastBytes = 19;

    internal static ImmutableArray<RowDescriptionField> ReadAll(ref WireReader body)
    {
        var fields = ImmutableArray.CreateBuilder<RowDescriptionField>(body.Count(LeastBytes));
        for (var left = fields.Capacity; left > 0; left--)
            fields.Add(new(body.Text(), (uint)body.Int32(), body.Int16(), (uint)body.Int32(), body.Int16(), body.Int32(), body.Format()));
        return fields.MoveToImmutable();
    }

    internal static void WriteAll(WireWriter writer, ImmutableArray<RowDescriptionField> fields)
    {
        writer.Count(fields.Length);
        foreach (var field in fields)
        {
            writer.Text(field.Name);
            writer.Int32((int)field.Table);
            writer.Int16(field.Column);
            writer.Int32((int)field.Type);
            writer.Int16(field.TypeSize);
            writer.Int32(field.TypeModifier);
            writer.Int16(field.Format);
        }
    }
}
