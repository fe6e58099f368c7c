using System.Buffers.Binary;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// Reads the fields of one protobuf message where they lie. It is stricter than protobuf is: each field at most once, tags of one byte,
/// lengths of at most five, no groups and no 32-bit values. Within these, every reader understands the same, so what was checked is what
/// Akka will see.
/// </summary>
internal ref struct ProtoFields
{
    private const int LongestVarint = 5;
    private ReadOnlySpan<byte> _rest;
    private uint _seen;

    public ProtoFields(ReadOnlySpan<byte> message) => _rest = message;

    /// <summary>The number of the field that was read last, 1 to 15.</summary>
    public int Number { get; private set; }

    /// <summary>How its value is written.</summary>
    public ProtoForm Form { get; private set; }

    /// <summary>The value, of a field with <see cref="ProtoForm.Bytes"/>.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The value of any other field.</summary>
    public ulong Value { get; private set; }

    /// <summary>Whether reading ended at something that is not a message in the strict form.</summary>
    public bool Broken { get; private set; }

    /// <summary>Reads the next field: false at the end, and where the message is <see cref="Broken"/>.</summary>
    public bool Next()
    {
        if (Broken || _rest.IsEmpty)
        {
            return false;
        }

        var tag = _rest[0];
        _rest = _rest[1..];
        (Number, Form) = (tag >> 3, (ProtoForm)(tag & 7));
        var bit = 1u << Number;
        Broken = tag >= 0x80 || Number == 0 || (_seen & bit) != 0 || !ReadValue();
        _seen |= bit;
        return !Broken;
    }

    private bool ReadValue() => Form switch
    {
        ProtoForm.Varint => ReadVarint(),
        ProtoForm.Fixed64 => ReadFixed(),
        ProtoForm.Bytes => ReadVarint() && ReadBytes(),
        _ => false,
    };

    private bool ReadVarint()
    {
        Value = 0;
        for (var at = 0; at < Math.Min(_rest.Length, LongestVarint); at++)
        {
            Value |= (ulong)(_rest[at] & 0x7F) << (7 * at);
            if (_rest[at] < 0x80)
            {
                _rest = _rest[(at + 1)..];
                return Value <= int.MaxValue;
            }
        }

        return false;
    }

    private bool ReadFixed()
    {
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(_rest, out var value))
        {
            return false;
        }

        Value = value;
        _rest = _rest[sizeof(ulong)..];
        return true;
    }

    private bool ReadBytes()
    {
        if ((int)Value > _rest.Length)
        {
            return false;
        }

        Bytes = _rest[..(int)Value];
        _rest = _rest[(int)Value..];
        return true;
    }
}
