using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// Writes messages into a pooled buffer that grows. Numbers are little-endian, or seven bits to a byte where most are small; texts are
/// UTF-8 behind their length. A lone half of a surrogate pair, which has no UTF-8 form, is written as U+FFFD where a message only tells
/// something, and refused where it asks for something (<see cref="RefusesHalfPairs"/>). Not for use by several
/// threads. May be used again after <see cref="Clear"/>; <see cref="Dispose"/> gives the buffer back.
/// </summary>
internal sealed class MessageWriter : IDisposable
{
    /// <summary>How deep bodies may be nested in one another, for both ends.</summary>
    internal const int Deepest = 40;

    // From this size on a buffer is worth more than a copy of it.
    private const int Large = 1024 * 1024;
    private const int UsualCapacity = 512;

    // The longest text that takes one byte of length whatever its characters are.
    private const int SurelyShort = 127 / 3;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private byte[] _buffer;
    private int _length;
    private Encoding _encoding = Encoding.UTF8;
    private int _depth;

    /// <summary>An empty writer.</summary>
    /// <param name="capacity">How many bytes to make room for at first; it grows.</param>
    internal MessageWriter(int capacity = UsualCapacity) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>How many bytes are written.</summary>
    internal int Length => _length;

    /// <summary>What is written. Valid until more is written, or it is cleared or disposed.</summary>
    internal ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    /// <summary>What actor references are written as; set by the codec for the time of one message.</summary>
    internal IReferenceTable? References { get; set; }

    /// <summary>
    /// Whether a text without UTF-8 form is an <see cref="UnsendableException"/>: what a caller wants done is never changed into something
    /// else. Set by the codec for the time of one message.
    /// </summary>
    internal bool RefusesHalfPairs { set => _encoding = value ? Strict : Encoding.UTF8; }

    /// <summary>Forgets what is written.</summary>
    internal void Clear() => Truncate(0);

    /// <summary>
    /// What is written, which is the caller's from then on; the writer is cleared. What is large is handed over as it lies, so that neither
    /// a copy is made nor the room for it kept.
    /// </summary>
    internal ReadOnlyMemory<byte> HandOver()
    {
        ReadOnlyMemory<byte> written = Written;
        if (_buffer.Length < Large)
            written = written.ToArray();
        else
            _buffer = ArrayPool<byte>.Shared.Rent(UsualCapacity);
        Clear();
        return written;
    }

    /// <summary>Forgets what is written beyond this length, and all bodies that are begun.</summary>
    internal void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length, nameof(length));
        (_length, _depth) = (length, 0);
    }

    /// <summary>One byte.</summary>
    internal void WriteByte(byte value)
    {
        if (_length == _buffer.Length)
            Grow(1);
        _buffer[_length++] = value;
    }

    /// <summary>A number of fixed size.</summary>
    internal void WriteFixed<T>(T value) where T : unmanaged => MemoryMarshal.Write(Take(Unsafe.SizeOf<T>()), in value);

    /// <summary>A number in 1 to 10 bytes: the smaller the fewer.</summary>
    internal void WriteVar(ulong value)
    {
        while (value >= 0x80)
        {
            WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        WriteByte((byte)value);
    }

    /// <summary>A number in 1 to 10 bytes: the nearer to zero the fewer.</summary>
    internal void WriteSigned(long value) => WriteVar((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Bytes as they are, without their length.</summary>
    internal void WriteBytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>Bytes behind their length.</summary>
    internal void WriteBlock(ReadOnlySpan<byte> bytes)
    {
        WriteVar((uint)bytes.Length);
        WriteBytes(bytes);
    }

    /// <summary>A text behind its length in bytes. A null, where there may be none, is an empty text.</summary>
    internal void WriteText(string? text)
    {
        try
        {
            WriteCharacters(text.AsSpan());
        }
        catch (EncoderFallbackException)
        {
            throw new UnsendableException(new StatementRefused("the text holds half of a surrogate pair", ""));
        }
    }

    private void WriteCharacters(ReadOnlySpan<char> characters)
    {
        if (characters.Length <= SurelyShort)
        {
            Ensure(1 + _encoding.GetMaxByteCount(characters.Length));
            var count = _encoding.GetBytes(characters, _buffer.AsSpan(_length + 1));
            _buffer[_length] = (byte)count;
            _length += 1 + count;
            return;
        }

        var size = _encoding.GetByteCount(characters);
        WriteVar((uint)size);
        _encoding.GetBytes(characters, Take(size));
    }

    /// <summary>Room for so many bytes, to be filled before anything else is written.</summary>
    internal Span<byte> Take(int count)
    {
        Ensure(count);
        var taken = _buffer.AsSpan(_length, count);
        _length += count;
        return taken;
    }

    /// <summary>Begins a body that is written behind its length. Returns where, for <see cref="End"/>.</summary>
    internal int Begin()
    {
        if (++_depth > Deepest)
            throw new UnsendableException(new ResultMismatch($"the message holds one within another more than {Deepest} deep"));
        WriteByte(0);
        return _length;
    }

    /// <summary>Ends the body that was begun last, and writes its length before it.</summary>
    internal void End(int start)
    {
        _depth--;
        var size = _length - start;
        if (size < 0x80)
        {
            _buffer[start - 1] = (byte)size;
            return;
        }

        var more = BytesOf((uint)size) - 1;
        Ensure(more);
        _buffer.AsSpan(start, size).CopyTo(_buffer.AsSpan(start + more));
        _length = start - 1;
        WriteVar((uint)size);
        _length += size;
    }

    /// <summary>Gives the buffer back. Nothing of <see cref="Written"/> may be used any more.</summary>
    public void Dispose()
    {
        var buffer = _buffer;
        (_buffer, _length, _depth) = ([], 0, 0);
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private static int BytesOf(uint value)
    {
        var count = 1;
        for (; value >= 0x80; value >>= 7)
            count++;
        return count;
    }

    private void Ensure(int count)
    {
        if (_buffer.Length - _length < count)
            Grow(count);
    }

    private void Grow(int count)
    {
        var wanted = (long)_length + count;
        if (wanted > Array.MaxLength)
            throw new UnsendableException(new ResultTooLarge(Array.MaxLength));
        var grown = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(wanted, _buffer.Length * 2L), Array.MaxLength));
        _buffer.AsSpan(0, _length).CopyTo(grown);
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = grown;
    }
}
