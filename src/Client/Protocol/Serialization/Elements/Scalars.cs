using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Values that are written as they lie in memory, many at a time in one copy. Any bytes are a value.</summary>
internal sealed class FixedElement<T>(byte tag) : Element<T>(tag) where T : unmanaged
{
    internal override int LeastBytes { get; } = Unsafe.SizeOf<T>();

    internal override void Write(MessageWriter writer, T value) => writer.WriteFixed(value);

    internal override T Read(MessageReader reader) => reader.ReadFixed<T>();

    internal override void WriteMany(MessageWriter writer, ReadOnlySpan<T> values) => writer.WriteBytes(MemoryMarshal.AsBytes(values));

    internal override void ReadMany(MessageReader reader, Span<T> values) =>
        reader.Take(values.Length * LeastBytes).CopyTo(MemoryMarshal.AsBytes(values));
}

/// <summary>Values for which two functions say it all.</summary>
internal sealed class PlainElement<T>(byte tag, Action<MessageWriter, T> write, Func<MessageReader, T> read, int leastBytes = 1)
    : Element<T>(tag)
    where T : notnull
{
    internal override int LeastBytes => leastBytes;

    internal override void Write(MessageWriter writer, T value) => write(writer, value);

    internal override T Read(MessageReader reader) => read(reader);
}

/// <summary>Values of a type that is sent as another, and read as that.</summary>
internal sealed class SentAs<T, TSent>(Element<TSent> sent, Func<T, TSent> convert) : Element<T>(sent.Tag) where T : notnull where TSent
    : notnull
{
    internal override void Write(MessageWriter writer, T value) => sent.Write(writer, convert(value));

    internal override T Read(MessageReader reader) => throw new InvalidOperationException($"{typeof(T)} is read as {typeof(TSent)}");
}
