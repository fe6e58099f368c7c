using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Values that are arrays of one dimension, all of one type: how many, and each.</summary>
internal sealed class ListElement<T>(ArrayItems items) : Element<T[]>((byte)(items.Tag | ElementTable.Listed))
{
    internal override void Write(MessageWriter writer, T[] value)
    {
        writer.WriteVar((uint)value.Length);
        items.Write(writer, value);
    }

    internal override T[] Read(MessageReader reader) => (T[])items.Read(reader, [AnyArrayElement.ReadLength(reader)]);
}

/// <summary>Values that are each an array of a type and of dimensions of its own, as a column of arrays has them.</summary>
internal sealed class AnyArrayElement(byte tag) : Element<Array>(tag)
{
    private const int MostDimensions = 32;

    /// <summary>A length, which may be more than what follows can hold.</summary>
    internal static int ReadLength(MessageReader reader) =>
        reader.ReadVar() is var length && length <= (uint)Array.MaxLength
            ? (int)length
            : throw new MalformedMessageException($"an array of {length} values");

    /// <inheritdoc/>
    internal override int LeastBytes => 3;

    internal override void Write(MessageWriter writer, Array value)
    {
        var items = ElementTable.FindItems(value.GetType().GetElementType()!)
            ?? throw new UnsendableException(
                new ResultMismatch($"arrays of {value.GetType().GetElementType()!.Name} cannot leave the process"));
        writer.WriteByte(items.Tag);
        writer.WriteByte((byte)value.Rank);
        for (var i = 0; i < value.Rank; i++)
            writer.WriteVar((uint)value.GetLength(i));
        items.Write(writer, value);
    }

    internal override Array Read(MessageReader reader)
    {
        var items = ElementTable.FindItems(reader.ReadByte());
        var rank = reader.ReadByte();
        if (rank is 0 or > MostDimensions)
            throw new MalformedMessageException($"an array of {rank} dimensions");
        Span<int> lengths = stackalloc int[rank];
        foreach (ref var length in lengths)
            length = ReadLength(reader);
        return items.Read(reader, lengths);
    }
}

/// <summary>
/// Values of a column of which nothing is known but that all are NULL. The driver gives null for a value of type void, such as pg_sleep's,
/// which is no NULL to the server; here it is one.
/// </summary>
internal sealed class UnknownElement(byte tag) : Element<object>(tag)
{
    internal override bool HasNulls(Column column) => ((Column<object>)column).Values.Contains(null!);

    internal override void WriteColumn(MessageWriter writer, Column column, bool hasNulls)
    {
        var values = ((Column<object>)column).Values;
        if (values.ContainsAnyExcept([null!]))
            throw new UnsendableException(new ResultMismatch("its type is unknown"));
        if (hasNulls)
            Bitmap.WriteAll(writer, values.Length);
    }

    internal override void Write(MessageWriter writer, object value) =>
        throw new UnsendableException(new ResultMismatch("its type is unknown"));

    internal override object Read(MessageReader reader) => throw new MalformedMessageException("a value of no type");
}
