using System.Buffers.Binary;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// What was read of one connection and not yet taken: frames of a length, four bytes, big-endian, and that many bytes. It grows for a
/// frame that does not fit, up to the longest allowed, and never holds more than that.
/// </summary>
internal sealed class FrameBuffer
{
    private const int LengthSize = sizeof(int);
    private const int UsualSize = 16 * 1024;
    private readonly int _longest;
    private byte[] _bytes = new byte[UsualSize];
    private int _start;
    private int _end;

    public FrameBuffer(int longest) => _longest = longest;

    /// <summary>Whether a frame has begun and not ended.</summary>
    public bool IsPartial => _end > _start;

    /// <summary>Where to read to; call <see cref="Filled"/> with what came.</summary>
    public Memory<byte> Free()
    {
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }

        var needed = Math.Max(UsualSize, _end - _start < LengthSize ? 0 : LengthSize + NextLength);
        if (_bytes.Length < needed)
        {
            Move(new byte[needed]);
        }
        else if (_start > 0 && _bytes.Length - _start < needed)
        {
            Move(_bytes);
        }

        return _bytes.AsMemory(_end);
    }

    /// <summary>Counts what was read. False when nothing was: that was the end.</summary>
    public bool Filled(int count)
    {
        _end += count;
        return count > 0;
    }

    /// <summary>Takes the next frame, which lies here until the next call of <see cref="Free"/>; null when it has not all come.</summary>
    /// <exception cref="InvalidDataException">It is longer than allowed, or empty.</exception>
    public ReadOnlyMemory<byte>? Take()
    {
        if (_end - _start < LengthSize)
        {
            return null;
        }

        var length = NextLength;
        if (length <= 0 || length > _longest)
        {
            throw new InvalidDataException($"a frame of {(uint)length} bytes, of at most {_longest}");
        }

        if (_end - _start - LengthSize < length)
        {
            return null;
        }

        var frame = _bytes.AsMemory(_start + LengthSize, length);
        _start += LengthSize + length;
        return frame;
    }

    private int NextLength => BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(_start));

    private void Move(byte[] to)
    {
        _bytes.AsSpan(_start, _end - _start).CopyTo(to);
        (_bytes, _start, _end) = (to, 0, _end - _start);
    }
}
