using System.Buffers;
using System.Buffers.Binary;

namespace Broker.Client.Remote.Frames;

/// <summary>
/// The sending half of a link between a client and the broker: messages become numbered frames, which are kept until the other end has
/// acknowledged them and are sent again when the way to it is made anew. So every message arrives once and those of a lane arrive in order,
/// whatever becomes of the connections in between. Messages of a lane follow each other; lanes take turns: each frame takes the small
/// messages that wait, and one piece of one large one. Mutable, and owned by one actor.
/// </summary>
internal sealed class OutgoingFrames
{
    private readonly Queue<ReadOnlyMemory<byte>> _small = new();
    private readonly Dictionary<LaneKey, LargeLane> _large = [];
    private readonly Queue<LargeLane> _turns = new();
    private readonly Queue<SentFrame> _unacknowledged = new();
    private readonly ArrayBufferWriter<byte> _building = new(FrameSizes.Frame + (2 * FrameSizes.Piece));
    private LargeLane? _first;
    private long _sequence;
    private long _pieces;
    private long _inPieces;
    private int _begun;

    /// <summary>
    /// How many bytes the messages may have that the other end puts together from pieces, all of them at a time. A longer one is not to be
    /// added.
    /// </summary>
    internal long Largest { get; set; } = long.MaxValue;

    /// <summary>Bytes of messages that are in no frame yet.</summary>
    internal long Waiting { get; private set; }

    /// <summary>Bytes of frames that were handed out and are not acknowledged.</summary>
    internal long UnderWay { get; private set; }

    /// <summary>The first frame that is not acknowledged; null when there is none.</summary>
    internal SentFrame? Oldest => _unacknowledged.TryPeek(out var oldest) ? oldest : null;

    /// <summary>Puts a message into the line. Its bytes belong to the line from then on.</summary>
    internal void Add(LaneKey lane, ReadOnlyMemory<byte> message)
    {
        Waiting += message.Length;
        if (_large.TryGetValue(lane, out var ahead))
        {
            ahead.Messages.Enqueue(message);
        }
        else if (message.Length <= FrameSizes.Piece)
        {
            _small.Enqueue(message);
        }
        else
        {
            var large = new LargeLane(lane);
            large.Messages.Enqueue(message);
            _large.Add(lane, large);
            _turns.Enqueue(large);
        }
    }

    /// <summary>The next frame, if the window allows one and something waits.</summary>
    internal bool TryNext(out SentFrame frame)
    {
        frame = default;
        if (UnderWay >= FrameSizes.Window)
        {
            return false;
        }
        TakeSmall();
        if (UnderWay + _building.WrittenCount < FrameSizes.LargeWindow)
        {
            TakePiece();
        }
        if (_building.WrittenCount == 0)
        {
            return false;
        }
        frame = new(++_sequence, _building.WrittenSpan.ToArray());
        _building.ResetWrittenCount();
        _unacknowledged.Enqueue(frame);
        UnderWay += frame.Content.Length;
        return true;
    }

    /// <summary>The other end has all frames up to this one.</summary>
    internal void Acknowledge(long sequence)
    {
        while (_unacknowledged.TryPeek(out var oldest) && oldest.Sequence <= sequence)
        {
            UnderWay -= oldest.Content.Length;
            _unacknowledged.Dequeue();
        }
    }

    /// <summary>The number of the last frame that was handed out.</summary>
    internal long Last => _sequence;

    /// <summary>All frames that are to be sent again, in their order.</summary>
    internal IReadOnlyCollection<SentFrame> Unacknowledged => _unacknowledged;

    private void TakeSmall()
    {
        while (_small.TryPeek(out var message)
            && (_building.WrittenCount == 0 || _building.WrittenCount + message.Length <= FrameSizes.Frame))
        {
            Write(PieceKind.Whole, 0, message.Span);
            Waiting -= message.Length;
            _small.Dequeue();
        }
    }

    private void TakePiece()
    {
        for (var left = _turns.Count; left > 0; left--)
        {
            var lane = _turns.Dequeue();
            if (MayHaveTurn(lane))
            {
                TakePiece(lane);
                return;
            }
            _turns.Enqueue(lane);
        }
    }

    // The first that has to wait for others to end is also the first to begin then: however many there are, it is not passed for ever.
    private bool MayHaveTurn(LargeLane lane)
    {
        var length = lane.Messages.Peek().Length;
        if (lane.Done > 0 || length <= FrameSizes.Piece)
        {
            return true;
        }
        if ((_first is null || _first == lane)
            && (_begun == 0 || (_begun < FrameSizes.MostInPieces && _inPieces + length <= Largest)))
        {
            _first = null;
            return true;
        }
        _first ??= lane;
        return false;
    }

    private void TakePiece(LargeLane lane)
    {
        var message = lane.Messages.Peek();
        var length = Math.Min(FrameSizes.Piece, message.Length - lane.Done);
        var isLast = lane.Done + length == message.Length;
        if (lane.Done == 0)
        {
            lane.Number = isLast ? 0 : ++_pieces;
            CountBegun(isLast ? 0 : 1, message.Length);
        }
        else
        {
            CountBegun(isLast ? -1 : 0, message.Length);
        }
        Write(
            lane.Number == 0 ? PieceKind.Whole : isLast ? PieceKind.Last : PieceKind.More, lane.Number,
                message.Span.Slice(lane.Done, length));
        Waiting -= length;
        lane.Done += length;
        if (isLast)
        {
            lane.Messages.Dequeue();
            lane.Done = 0;
        }
        if (lane.Messages.Count > 0)
        {
            _turns.Enqueue(lane);
        }
        else
        {
            _large.Remove(lane.Key);
        }
    }

    private void CountBegun(int more, int length)
    {
        _begun += more;
        _inPieces += more * length;
    }

    private void Write(PieceKind kind, long number, ReadOnlySpan<byte> bytes)
    {
        var header = _building.GetSpan(1 + sizeof(int) + sizeof(long));
        header[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(header[1..], bytes.Length);
        var length = 1 + sizeof(int);
        if (kind != PieceKind.Whole)
        {
            BinaryPrimitives.WriteInt64LittleEndian(header[length..], number);
            length += sizeof(long);
        }
        _building.Advance(length);
        _building.Write(bytes);
    }

    /// <summary>A lane whose first message is large, with all that came behind it.</summary>
    private sealed class LargeLane(LaneKey key)
    {
        internal LaneKey Key => key;

        internal Queue<ReadOnlyMemory<byte>> Messages { get; } = new();

        /// <summary>How much of the first message was sent.</summary>
        internal int Done { get; set; }

        /// <summary>The number of the first message's pieces; 0 when it goes whole.</summary>
        internal long Number { get; set; }
    }
}

/// <summary>A frame that may have to be sent again.</summary>
/// <param name="Sequence">Counts frames from 1.</param>
/// <param name="Content">What it carries.</param>
internal readonly record struct SentFrame(long Sequence, byte[] Content);

/// <summary>What a part of a frame is.</summary>
internal enum PieceKind : byte
{
    /// <summary>A whole message.</summary>
    Whole,
    /// <summary>A piece of a message; more follow.</summary>
    More,
    /// <summary>The last piece of a message.</summary>
    Last,
}
