using System.Buffers;
using System.Buffers.Binary;
using Broker.PgWire.Values;

namespace Broker.PgWire.Framing;

/// <summary>
/// Cuts what one side sends into messages, wherever the bytes were split. Short messages are given whole; of long ones the pieces are given
/// as they come, so that the longest message needs no more memory than the buffer has. After an error nothing more is read.
/// </summary>
public sealed class FrameReader
{
    /// <summary>Type and length.</summary>
    public const int HeaderLength = 5;

    private const int FirstPiece = 1024;

    private readonly int _wholeUpTo;
    private byte _type;
    private int _length;
    private int _offset;
    private bool _inside;

    /// <summary>Reads from the first byte of a message on.</summary>
    /// <param name="limits">What may come.</param>
    /// <param name="wholeUpTo">How many bytes a body may have to be given whole; the buffer must have room for them and the header.</param>
    public FrameReader(FrameLimits limits, int wholeUpTo)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wholeUpTo);
        (Limits, _wholeUpTo) = (limits, wholeUpTo);
    }

    /// <summary>What may come; changed when the client has proved who it is.</summary>
    public FrameLimits Limits { get; set; }

    /// <summary>Why reading has ended; null as long as it did not.</summary>
    public WireError? Error { get; private set; }

    /// <summary>Whether the next byte is the first of a message.</summary>
    public bool IsBetweenMessages => !_inside;

    /// <summary>Takes the next message, or piece of one, off the front of the buffer.</summary>
    /// <param name="buffer">
    /// What was received and not taken yet; what is taken is cut off, and stays where it is until the frame is done with.
    /// </param>
    /// <param name="frame">What was taken.</param>
    /// <returns>False when more bytes are needed, or there is an <see cref="Error"/>.</returns>
    public bool TryRead(ref ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        if (Error is not null)
            return false;
        return _inside ? TakePiece(ref buffer, out frame) : TryBegin(ref buffer, out frame);
    }

    private bool TryBegin(ref ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        if (buffer.IsEmpty)
            return false;
        var type = buffer.FirstSpan.IsEmpty ? buffer.Slice(0, 1).ToArray()[0] : buffer.FirstSpan[0];
        if (Limits.Of(type) < 0)
            return Refuse(WireErrorKind.UnknownType, $"a message of type {type} may not come here");
        if (buffer.Length < HeaderLength)
            return false;
        Span<byte> lengthBytes = stackalloc byte[sizeof(int)];
        buffer.Slice(1, sizeof(int)).CopyTo(lengthBytes);
        var length = BinaryPrimitives.ReadInt32BigEndian(lengthBytes);
        // compared before anything is added or subtracted: a length may be anything
        if (length < sizeof(int) || length - sizeof(int) > Limits.Of(type))
            return Refuse(WireErrorKind.BadLength,
                $"a message of type {type} has length {length}; it may have {sizeof(int)} to {(long)Limits.Of(type) + sizeof(int)}");
        (_type, _length, _offset) = (type, length - sizeof(int), 0);
        var whole = _length <= _wholeUpTo;
        // the first piece of a long one has the names in it that stand before its data
        if (buffer.Length - HeaderLength < (whole ? _length : Math.Clamp(_wholeUpTo, 1, FirstPiece)))
            return false;
        buffer = buffer.Slice(HeaderLength);
        _inside = true;
        return TakePiece(ref buffer, out frame);
    }

    private bool TakePiece(ref ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        if (buffer.IsEmpty && _offset < _length)
            return false;
        var taken = Math.Min(buffer.Length, _length - _offset);
        frame = new(_type, _length, _offset, buffer.Slice(0, taken));
        buffer = buffer.Slice(taken);
        _offset += (int)taken;
        _inside = _offset < _length;
        return true;
    }

    private bool Refuse(WireErrorKind kind, string text)
    {
        Error = new(kind, text);
        return false;
    }
}
