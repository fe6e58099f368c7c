using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Broker.PgWire.Values;

/// <summary>
/// Writes messages one behind the other into memory that grows; used again after <see cref="Clear"/>. A length is filled in when its
/// message ends.
/// </summary>
public sealed class WireWriter
{
    private byte[] _bytes;
    private int _length;
    private int _start = -1;

    /// <summary>An empty one.</summary>
    /// <param name="capacity">How many bytes there is room for at first.</param>
    public WireWriter(int capacity = 256) => _bytes = new byte[capacity];

    /// <summary>What was written, up to the next write.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    /// <summary>Forgets what was written.</summary>
    public void Clear() => (_length, _start) = (0, -1);

    /// <summary>Begins a message that has a type.</summary>
    public void Begin(byte type)
    {
        Byte(type);
        Begin();
    }

    /// <summary>Begins a message that has none: the first of a connection.</summary>
    public void Begin()
    {
        if (_start >= 0)
            throw new InvalidOperationException("The message before was not ended.");
        _start = _length;
        Int32(0);
    }

    /// <summary>Ends the message and fills in its length.</summary>
    public void End()
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_start), _length - _start);
        _start = -1;
    }

    /// <summary>Byte1.</summary>
    public void Byte(byte value) => Room(1)[0] = value;

    /// <summary>Int16.</summary>
    public void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Room(sizeof(short)), value);

    /// <summary>Int32.</summary>
    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Room(sizeof(int)), value);

    /// <summary>String: with its zero byte.</summary>
    public void Text(WireText text)
    {
        Bytes(text.Bytes.Span);
        Byte(0);
    }

    /// <summary>Byte n.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    /// <summary>A value with its length before it, or -1 for null.</summary>
    public void Value(ReadOnlyMemory<byte>? value)
    {
        Int32(value?.Length ?? -1);
        if (value is { } bytes)
            Bytes(bytes.Span);
    }

    /// <summary>Values with their number before them.</summary>
    public void Values(ImmutableArray<ReadOnlyMemory<byte>?> values)
    {
        Count(values.Length);
        foreach (var value in values)
            Value(value);
    }

    /// <summary>Format codes with their number before them.</summary>
    public void Formats(ImmutableArray<short> formats)
    {
        Count(formats.Length);
        foreach (var format in formats)
            Int16(format);
    }

    /// <summary>Object ids with their number before them.</summary>
    public void ObjectIds(ImmutableArray<uint> ids)
    {
        Count(ids.Length);
        foreach (var id in ids)
            Int32((int)id);
    }

    /// <summary>How many elements follow, as an Int16.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The protocol has no room for more than 65,535.</exception>
    public void Count(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ushort.MaxValue);
        Int16((short)(ushort)count);
    }

    private Span<byte> Room(int length)
    {
        if (_bytes.Length - _length < length)
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(2L * _bytes.Length, (long)_length + length)));
        _length += length;
        return _bytes.AsSpan(_length - length, length);
    }
}
