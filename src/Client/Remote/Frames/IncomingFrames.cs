using System.Buffers.Binary;
using Broker.Client.Protocol.Serialization;

namespace Broker.Client.Remote.Frames;

/// <summary>
/// The receiving half: takes each frame once and in order, and puts the pieces of large messages together. What is not the next frame is
/// dropped, since it was received before or will be sent again. Mutable, and owned by one actor.
/// </summary>
internal sealed class IncomingFrames
{
    private readonly Dictionary<long, PartMessage> _parts = [];
    private readonly long _largest;
    private long _held;

    /// <param name="largest">How many bytes the messages may have that are being put together, all of them at a time.</param>
    internal IncomingFrames(long largest) => _largest = largest;

    /// <summary>Up to which frame everything was received.</summary>
    internal long Received { get; private set; }

    /// <summary>Bytes received since <see cref="NoteAcknowledged"/>.</summary>
    internal long Unacknowledged { get; private set; }

    /// <summary>An acknowledgement of <see cref="Received"/> is on its way.</summary>
    internal void NoteAcknowledged() => Unacknowledged = 0;

    /// <summary>Takes a frame.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="content">What it carries; belongs to the messages from then on.</param>
    /// <param name="messages">Gets the messages that are complete, in order.</param>
    /// <returns>Whether it was the next one; one that was not is dropped.</returns>
    /// <exception cref="MalformedMessageException">It is not a frame, or a message in pieces is larger than allowed.</exception>
    internal bool Take(long sequence, ReadOnlyMemory<byte> content, List<ReadOnlyMemory<byte>> messages)
    {
        if (sequence != Received + 1)
        {
            return false;
        }
        Received = sequence;
        Unacknowledged += content.Length;
        while (!content.IsEmpty)
        {
            TakePart(ref content, messages);
        }
        return true;
    }

    private void TakePart(ref ReadOnlyMemory<byte> content, List<ReadOnlyMemory<byte>> messages)
    {
        var kind = (PieceKind)content.Span[0];
        var header = 1 + sizeof(int) + (kind == PieceKind.Whole ? 0 : sizeof(long));
        if (kind > PieceKind.Last || content.Length < header)
        {
            throw new MalformedMessageException("a part of a frame has no header");
        }
        var length = BinaryPrimitives.ReadInt32LittleEndian(content.Span[1..]);
        if (length < 0 || length > content.Length - header)
        {
            throw new MalformedMessageException($"a part of a frame says that it has {length} bytes, and {content.Length - header} follow");
        }
        var bytes = content.Slice(header, length);
        if (kind == PieceKind.Whole)
        {
            messages.Add(bytes);
        }
        else
        {
            Append(BinaryPrimitives.ReadInt64LittleEndian(content.Span[(1 + sizeof(int))..]), bytes.Span, kind == PieceKind.Last, messages);
        }
        content = content[(header + length)..];
    }

    private void Append(long number, ReadOnlySpan<byte> bytes, bool isLast, List<ReadOnlyMemory<byte>> messages)
    {
        _held += bytes.Length;
        if (_held > _largest)
        {
            throw new MalformedMessageException($"messages in pieces are larger than {_largest} bytes together");
        }
        if (!_parts.TryGetValue(number, out var part))
        {
            if (_parts.Count == FrameSizes.MostInPieces)
            {
                throw new MalformedMessageException($"more than {FrameSizes.MostInPieces} messages come in pieces");
            }
            _parts.Add(number, part = new());
        }
        part.Append(bytes);
        if (isLast)
        {
            _parts.Remove(number);
            _held -= part.Length;
            messages.Add(part.Whole());
        }
    }

    /// <summary>
    /// A message of which more is to come: in blocks, so that what has come is copied once more only, when all of it is here, and no more
    /// room is kept than it takes.
    /// </summary>
    private sealed class PartMessage
    {
        private const int LargestBlock = 1024 * 1024;

        private readonly List<byte[]> _full = [];
        private byte[] _block = [];
        private int _used;

        internal int Length { get; private set; }

        internal void Append(ReadOnlySpan<byte> bytes)
        {
            Length += bytes.Length;
            while (!bytes.IsEmpty)
            {
                if (_used == _block.Length)
                {
                    Begin(bytes.Length);
                }
                var count = Math.Min(bytes.Length, _block.Length - _used);
                bytes[..count].CopyTo(_block.AsSpan(_used));
                _used += count;
                bytes = bytes[count..];
            }
        }

        internal ReadOnlyMemory<byte> Whole()
        {
            if (_full.Count == 0)
            {
                return _block.AsMemory(0, _used);
            }
            var whole = GC.AllocateUninitializedArray<byte>(Length);
            var at = 0;
            foreach (var block in _full)
            {
                block.CopyTo(whole, at);
                at += block.Length;
            }
            _block.AsSpan(0, _used).CopyTo(whole.AsSpan(at));
            return whole;
        }

        private void Begin(int least)
        {
            if (_used > 0)
            {
                _full.Add(_block);
            }
            (_block, _used) = (GC.AllocateUninitializedArray<byte>(Math.Max(least, Math.Min(Length, LargestBlock))), 0);
        }
    }
}
