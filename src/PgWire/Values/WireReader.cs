using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Broker.PgWire.Values;

/// <summary>
/// Reads the fields of one body. A field that is not there makes the reader fail: it then answers zeros, and <see cref="Error"/> says the
/// first reason. So messages are read without a check at each field, and garbage costs no exception.
/// </summary>
public ref struct WireReader
{
    private readonly ReadOnlyMemory<byte> _body;
    private int _at;

    /// <summary>Reads a body from its first byte.</summary>
    /// <param name="body">Without type and length. What is read points into it.</param>
    public WireReader(ReadOnlyMemory<byte> body) => _body = body;

    /// <summary>Why it failed; null as long as it did not.</summary>
    public WireError? Error { get; private set; }

    /// <summary>How many bytes were not read yet.</summary>
    public readonly int Remaining => _body.Length - _at;

    /// <summary>Byte1.</summary>
    public byte Byte() => Has(1) ? _body.Span[_at++] : (byte)0;

    /// <summary>Int16.</summary>
    public short Int16()
    {
        if (!Has(sizeof(short)))
            return 0;
        _at += sizeof(short);
        return BinaryPrimitives.ReadInt16BigEndian(_body.Span[(_at - sizeof(short))..]);
    }

    /// <summary>Int32.</summary>
    public int Int32()
    {
        if (!Has(sizeof(int)))
            return 0;
        _at += sizeof(int);
        return BinaryPrimitives.ReadInt32BigEndian(_body.Span[(_at - sizeof(int))..]);
    }

    /// <summary>String: up to its zero byte.</summary>
    public WireText Text()
    {
        var length = Error is null ? _body.Span[_at..].IndexOf((byte)0) : -1;
        if (length < 0)
        {
            Fail(WireErrorKind.TooShort, "a text is not ended by a zero byte");
            return WireText.Empty;
        }
        var text = WireText.Checked(_body.Slice(_at, length));
        _at += length + 1;
        return text;
    }

    /// <summary>Byte n: so many bytes.</summary>
    public ReadOnlyMemory<byte> Bytes(int length)
    {
        if (length < 0)
            Fail(WireErrorKind.BadField, $"a value has {length} bytes");
        if (!Has(length))
            return default;
        _at += length;
        return _body.Slice(_at - length, length);
    }

    /// <summary>All that is left.</summary>
    public ReadOnlyMemory<byte> Rest() => Bytes(Remaining);

    /// <summary>A value with its Int32 length before it; null for length -1.</summary>
    public ReadOnlyMemory<byte>? Value()
    {
        var length = Int32();
        // a plain null here would be converted to memory that is empty
        return length == -1 ? default(ReadOnlyMemory<byte>?) : Bytes(length);
    }

    /// <summary>Values with their Int16 number before them.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>?> Values()
    {
        var values = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>?>(Count(sizeof(int)));
        for (var left = values.Capacity; left > 0; left--)
            values.Add(Value());
        return values.MoveToImmutable();
    }

    /// <summary>Format codes with their Int16 number before them: 0 for text, 1 for binary.</summary>
    public ImmutableArray<short> Formats()
    {
        var formats = ImmutableArray.CreateBuilder<short>(Count(sizeof(short)));
        for (var left = formats.Capacity; left > 0; left--)
            formats.Add(Format());
        return formats.MoveToImmutable();
    }

    /// <summary>One format code.</summary>
    public short Format()
    {
        var format = Int16();
        if (format is not (0 or 1))
            Fail(WireErrorKind.BadField, $"a format code is {format}");
        return format;
    }

    /// <summary>The overall format of a COPY, an Int8.</summary>
    public short CopyFormat()
    {
        var format = Byte();
        if (format > 1)
            Fail(WireErrorKind.BadField, $"a format of COPY is {format}");
        return format;
    }

    /// <summary>Object ids with their Int16 number before them.</summary>
    public ImmutableArray<uint> ObjectIds()
    {
        var ids = ImmutableArray.CreateBuilder<uint>(Count(sizeof(int)));
        for (var left = ids.Capacity; left > 0; left--)
            ids.Add((uint)Int32());
        return ids.MoveToImmutable();
    }

    /// <summary>
    /// An Int16 that says how many elements follow (as many as 65,535). More than there is room for fail, so that no number makes memory be
    /// taken.
    /// </summary>
    /// <param name="least">How many bytes an element has at least.</param>
    public int Count(int least)
    {
        int count = (ushort)Int16();
        if ((long)count * least <= Remaining)
            return count;
        Fail(WireErrorKind.TooShort, $"{count} elements do not fit into {Remaining} bytes");
        return 0;
    }

    /// <summary>Notes why the body is not of the protocol; the first reason stays.</summary>
    public void Fail(WireErrorKind kind, string text)
    {
        Error ??= new(kind, text);
        _at = _body.Length;
    }

    /// <summary>To be called behind the last field: nothing may be left.</summary>
    public void End()
    {
        if (Remaining > 0)
            Fail(WireErrorKind.TooLong, $"{Remaining} bytes are left behind the last field");
    }

    private bool Has(int length)
    {
        if (Error is null && length <= Remaining)
            return true;
        Fail(WireErrorKind.TooShort, $"a field of {length} bytes does not fit into {Remaining}");
        return false;
    }
}
