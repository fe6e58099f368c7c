using System.Buffers;
using Broker.PgWire.Framing;

namespace Broker.Gateway.Sockets;

/// <summary>
/// Reads what the peer of a channel sends, message by message. It holds memory only while there is something in it, so an idle socket has
/// none; what is there of a message that has not come whole stays in it, and goes with it to whoever reads next. Belongs to the owner of
/// the port.
/// </summary>
internal sealed class FrameInput
{
    /// <summary>A body of so many bytes is given whole; of a longer one the pieces are given as they come.</summary>
    internal const int WholeUpTo = 8 * 1024;

    // room for the longest that is given whole, and as much again to read into
    private const int Capacity = 2 * WholeUpTo;

    private byte[] _buffer = [];
    private int _start;
    private int _end;

    /// <param name="limits">What may come.</param>
    internal FrameInput(FrameLimits limits) => Reader = new(limits, WholeUpTo);

    /// <summary>Cuts the messages.</summary>
    internal FrameReader Reader { get; }

    /// <summary>Bytes that were read and not taken.</summary>
    internal int Unread => _end - _start;

    /// <summary>Bytes of memory that it holds.</summary>
    internal int Held => _buffer.Length;

    /// <summary>
    /// Reads all that there is and hands it on, but no more in one go than a turn allows: for the rest the port is signalled.
    /// </summary>
    /// <param name="channel">Where from.</param>
    /// <param name="turn">How many bytes a turn may read.</param>
    /// <param name="take">Takes a message or a piece, which is there up to its return. False: no more is handed on for now.</param>
    internal InputState Read(Channel channel, int turn, Func<Frame, bool> take)
    {
        while (true)
        {
            while (TryTake(out var frame))
                if (!take(frame))
                    return InputState.Stopped;
            if (Reader.Error is not null)
                return InputState.Garbled;
            if (turn <= 0)
            {
                channel.Port.Signal();
                return InputState.TurnOver;
            }
            var count = Fill(channel);
            if (count <= 0)
            {
                LetGo();
                return count < 0 ? InputState.Ended : InputState.Drained;
            }
            turn -= count;
        }
    }

    /// <summary>Reads all that there is as <see cref="Read"/> does, and drops it, be it messages or not.</summary>
    internal InputState Drop(Channel channel, int turn)
    {
        while (turn > 0)
        {
            (_start, _end) = (0, 0);
            var count = Fill(channel);
            if (count <= 0)
            {
                LetGo();
                return count < 0 ? InputState.Ended : InputState.Drained;
            }
            turn -= count;
        }
        channel.Port.Signal();
        return InputState.TurnOver;
    }

    /// <summary>
    /// Takes the next message, or piece of one, of what was read. It stays where it is up to the next <see cref="Fill"/>.
    /// </summary>
    /// <returns>False when more is needed, or it is no message (<see cref="FrameReader.Error"/>).</returns>
    internal bool TryTake(out Frame frame)
    {
        var sequence = new ReadOnlySequence<byte>(_buffer, _start, Unread);
        var taken = Reader.TryRead(ref sequence, out frame);
        _start = _end - (int)sequence.Length;
        return taken;
    }

    /// <summary>What was read and not taken, which begins with a message when <see cref="FrameReader.IsBetweenMessages"/>.</summary>
    internal ReadOnlySpan<byte> Peek => _buffer.AsSpan(_start, Unread);

    /// <summary>Takes whole messages off the front without a look at them.</summary>
    internal void Skip(int bytes) => _start += bytes;

    /// <summary>Puts back what was skipped last, with nothing read meanwhile.</summary>
    internal void PutBack(int bytes) => _start -= bytes;

    /// <summary>Reads once. Everything that can be taken was taken before.</summary>
    /// <returns>As of <see cref="Channel.Read"/>.</returns>
    internal int Fill(Channel channel)
    {
        if (_buffer.Length == 0)
            _buffer = ArrayPool<byte>.Shared.Rent(Capacity);
        if (_start > 0)
        {
            _buffer.AsSpan(_start, Unread).CopyTo(_buffer);
            (_start, _end) = (0, Unread);
        }
        var count = channel.Read(_buffer.AsSpan(_end));
        _end += Math.Max(0, count);
        return count;
    }

    /// <summary>Lets the memory go, if there is nothing in it. To be called when there is nothing to be read for now.</summary>
    internal void LetGo()
    {
        if (Unread > 0)
            return;
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = ([], 0, 0);
    }
}

/// <summary>Where reading has come to.</summary>
internal enum InputState
{
    /// <summary>All that there was is taken.</summary>
    Drained,

    /// <summary>There may be more, for the next turn.</summary>
    TurnOver,

    /// <summary>Whoever takes has said stop.</summary>
    Stopped,

    /// <summary>All is taken, and nothing will come any more.</summary>
    Ended,

    /// <summary>What came is no message.</summary>
    Garbled,
}
