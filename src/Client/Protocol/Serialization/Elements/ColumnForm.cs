using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>The form of one column: the type of its values, what it is, where its NULLs are if it has any, and its values.</summary>
internal static class ColumnForm
{
    private const byte HasNulls = 1;
    private const byte NamedByOid = 2;

    /// <summary>Writes a column. One of a type that has no wire form can be written if it has no value.</summary>
    internal static void Write(MessageWriter writer, Column column)
    {
        if (ElementTable.Find(column.ElementType) is not { } element)
        {
            WriteUnknown(writer, column);
            return;
        }

        var hasNulls = element.HasNulls(column);
        WriteHead(writer, element.Tag, column.Description, hasNulls);
        try
        {
            element.WriteColumn(writer, column, hasNulls);
        }
        catch (UnsendableException unsendable) when (unsendable.Failure is ResultMismatch mismatch)
        {
            throw Unsendable(column, mismatch.Reason);
        }
    }

    /// <summary>Reads a column of so many rows.</summary>
    internal static Column Read(MessageReader reader, int rows)
    {
        var element = ElementTable.Find(reader.ReadByte());
        var flags = reader.ReadByte();
        if (flags > (HasNulls | NamedByOid))
            throw new MalformedMessageException($"a column has the flags {flags:x}");
        var (name, oid) = (reader.ReadText(), reader.ReadVar());
        if (oid > uint.MaxValue)
            throw new MalformedMessageException($"{oid} is no OID");
        var type = (flags & NamedByOid) == 0
            ? reader.ReadText()
            : TypeNames.Of((uint)oid) ?? throw new MalformedMessageException($"OID {oid} has no name of its own");
        return element.ReadColumn(reader, new(name, type, (uint)oid), rows, (flags & HasNulls) != 0);
    }

    private static void WriteUnknown(MessageWriter writer, Column column)
    {
        for (var row = 0; row < column.Count; row++)
        {
            if (!column.IsNull(row))
                throw Unsendable(column, $"a {column.ElementType.Name} cannot leave the broker's process");
        }

        var unknown = ElementTable.Find<object>()!;
        WriteHead(writer, unknown.Tag, column.Description, hasNulls: column.Count > 0);
        if (column.Count > 0)
            Bitmap.WriteAll(writer, column.Count);
    }

    private static void WriteHead(MessageWriter writer, byte tag, ColumnDescription description, bool hasNulls)
    {
        var namedByOid = TypeNames.Of(description.TypeOid) == description.TypeName;
        writer.WriteByte(tag);
        writer.WriteByte((byte)((hasNulls ? HasNulls : 0) | (namedByOid ? NamedByOid : 0)));
        writer.WriteText(description.Name);
        writer.WriteVar(description.TypeOid);
        if (!namedByOid)
            writer.WriteText(description.TypeName);
    }

    private static UnsendableException Unsendable(Column column, string why) => new(new ResultMismatch(
        $"column \"{column.Description.Name}\" ({column.Description.TypeName}): {why} (cast it in the statement, for example to text)"));
}
