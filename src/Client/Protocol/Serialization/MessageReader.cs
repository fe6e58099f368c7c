using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// Reads what <see cref="MessageWriter"/> wrote, from bytes that may be anything. Nothing is read beyond the end of the body at hand, and
/// nothing is allocated for a count that the bytes behind it cannot hold. All that is wrong is a <see cref="MalformedMessageException"/>.
/// Not for use by several threads.
/// </summary>
internal sealed class MessageReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly bool _kept;
    private int _at;
    private int _end;
    private int _depth;
    private long _room = long.MaxValue;

    /// <summary>Reads from the first byte on.</summary>
    /// <param name="bytes">One message, or several one behind the other.</param>
    /// <param name="kept">
    /// Whether the bytes are never changed and never used again, so that chunks of streams may point into them. Otherwise they are copied.
    /// </param>
    internal MessageReader(ReadOnlyMemory<byte> bytes, bool kept = false) => (_bytes, _kept, _end) = (bytes, kept, bytes.Length);

    /// <summary>How many bytes are left of the body at hand, or of all outside of one.</summary>
    internal int Remaining => _end - _at;

    /// <summary>What actor references are found in; set by the codec for the time of one message.</summary>
    internal IReferenceTable? References { get; set; }

    /// <summary>
    /// From here on what is read may take so much memory and no more, by what <see cref="Make"/> is told. What is usual takes a few times
    /// its bytes; a NULL in an array is a bit, and may take 73 bytes.
    /// </summary>
    /// <param name="free">Whatever its bytes are.</param>
    /// <param name="times">For each byte that is left.</param>
    internal void Limit(int free, int times) => _room = free + ((long)times * Remaining);

    /// <summary>Says that so many of something are about to be made. Throws <see cref="ExpandingMessageException"/>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="size">About how many bytes each takes in memory.</param>
    internal void Make(long count, int size)
    {
        _room -= count * size;
        if (_room < 0)
            throw new ExpandingMessageException();
    }

    /// <summary>One byte.</summary>
    internal byte ReadByte() => Take(1)[0];

    /// <summary>A number of fixed size.</summary>
    internal T ReadFixed<T>() where T : unmanaged => MemoryMarshal.Read<T>(Take(Unsafe.SizeOf<T>()));

    /// <summary>A number in 1 to 10 bytes.</summary>
    internal ulong ReadVar()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            ulong next = ReadByte();
            if (shift == 63 && next > 1)
                break;
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw new MalformedMessageException("a number has more than 64 bits");
    }

    /// <summary>A number in 1 to 10 bytes, with its sign.</summary>
    internal long ReadSigned()
    {
        var value = ReadVar();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A number with its sign that fits in 32 bits.</summary>
    internal int ReadSmall()
    {
        var value = ReadSigned();
        return value == (int)value ? (int)value : throw new MalformedMessageException($"{value} is out of range");
    }

    /// <summary>How many of something follow.</summary>
    /// <param name="bytesEach">How many bytes each takes at least; at least 1.</param>
    internal int ReadCount(int bytesEach)
    {
        var count = ReadVar();
        return count <= (uint)(Remaining / bytesEach) ? (int)count
            : throw new MalformedMessageException($"{count} of at least {bytesEach} bytes each are not in {Remaining} bytes");
    }

    /// <summary>So many bytes. They are the reader's own.</summary>
    internal ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining)
            throw new MalformedMessageException($"{count} bytes are wanted, {Remaining} are left");
        var taken = _bytes.Span.Slice(_at, count);
        _at += count;
        return taken;
    }

    /// <summary>Bytes behind their length. They are the reader's own.</summary>
    internal ReadOnlySpan<byte> TakeBlock() => Take(ReadCount(1));

    /// <summary>Bytes behind their length, to keep.</summary>
    internal ReadOnlyMemory<byte> ReadBlock()
    {
        var count = ReadCount(1);
        var at = _at;
        var taken = Take(count);
        return _kept ? _bytes.Slice(at, count) : taken.ToArray();
    }

    /// <summary>A text behind its length.</summary>
    internal string ReadText()
    {
        var bytes = TakeBlock();
        if (bytes.Length > 0)
            Make(1, MemorySize.OfText(bytes.Length));
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new MalformedMessageException("a text is not UTF-8", exception);
        }
    }

    /// <summary>Begins a body. Returns what <see cref="Leave"/> needs.</summary>
    internal int Enter()
    {
        if (++_depth > MessageWriter.Deepest)
            throw new MalformedMessageException($"bodies are nested more than {MessageWriter.Deepest} deep");
        var size = ReadCount(1);
        var outer = _end;
        _end = _at + size;
        return outer;
    }

    /// <summary>Ends a body. What is left of it is what a newer peer knows, and is passed over.</summary>
    internal void Leave(int outer)
    {
        _depth--;
        _at = _end;
        _end = outer;
    }
}
