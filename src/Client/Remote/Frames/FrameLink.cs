using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;

namespace Broker.Client.Remote.Frames;

/// <summary>
/// One end of a link between a client and the broker: what it sends arrives once and in order, as long as both ends live, whatever becomes
/// of the connections in between. Acknowledgements ride on frames that go anyway, or go alone when the other end would wait for them. An
/// end says something at least every heartbeat, so silence means that the way is broken. Mutable, and owned by one actor, which has the
/// clock and sends what it is given.
/// </summary>
internal sealed class FrameLink
{
    /// <summary>With how many heartbeats without progress the next frame begins, after which it is sent once more.</summary>
    private const int MostPatience = 8;

    private readonly OutgoingFrames _outgoing = new();
    private readonly IncomingFrames _incoming;
    private TimeSpan _heard;
    private TimeSpan _said;
    private long _oldest;
    private TimeSpan _oldestSince;
    private int _waited;
    private int _patience = 1;

    /// <param name="largest">How many bytes the messages may have that are being put together from pieces, all of them at a time.</param>
    /// <param name="heartbeat">How long this end may be silent.</param>
    /// <param name="now">The time.</param>
    internal FrameLink(long largest, TimeSpan heartbeat, TimeSpan now)
    {
        (_incoming, Heartbeat) = (new(largest), heartbeat);
        (_heard, _said) = (now, now);
    }

    /// <summary>Up to which frame everything of the other end was received.</summary>
    internal long Received => _incoming.Received;

    /// <summary>Bytes of messages that wait here or are not acknowledged by the other end.</summary>
    internal long Owed => _outgoing.Waiting + _outgoing.UnderWay;

    /// <summary>
    /// How many bytes the other end takes in pieces, all of them together, as it has said; a longer message is not to be added.
    /// </summary>
    internal long Largest
    {
        get => _outgoing.Largest;
        set => _outgoing.Largest = value > 0 ? Math.Max(value, FrameSizes.Piece) : long.MaxValue;
    }

    /// <summary>How long this end may be silent, as the other end has said.</summary>
    internal TimeSpan Heartbeat { get; set; }

    /// <summary>How long nothing was heard.</summary>
    internal TimeSpan Silence(TimeSpan now) => now - _heard;

    /// <summary>How long the other end has not acknowledged what it is due next; zero when it is due nothing.</summary>
    internal TimeSpan Untaken(TimeSpan now) => _oldest == 0 ? TimeSpan.Zero : now - _oldestSince;

    /// <summary>Puts a message into the line; <see cref="Flush"/> sends it. Its bytes belong to the link from then on.</summary>
    internal void Add(LaneKey lane, ReadOnlyMemory<byte> message) => _outgoing.Add(lane, message);

    /// <summary>Sends what waits, as far as the window allows.</summary>
    internal void Flush(TimeSpan now, Action<LinkFrame> send)
    {
        while (_outgoing.TryNext(out var next))
        {
            Send(next, now, send);
        }
        if (_incoming.Unacknowledged >= FrameSizes.AcknowledgeAfter)
        {
            Say(now, send);
        }
    }

    /// <summary>Takes a frame of the other end. What follows is sent by <see cref="Flush"/>.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="now">The time.</param>
    /// <param name="messages">Gets the messages that are complete by it.</param>
    /// <exception cref="MalformedMessageException">It is no frame of ours, or says that it has one that was never sent.</exception>
    internal void Take(LinkFrame frame, TimeSpan now, List<ReadOnlyMemory<byte>> messages)
    {
        if (frame.Acknowledged > _outgoing.Last)
        {
            throw new MalformedMessageException(
                $"frame {frame.Acknowledged} is acknowledged, and {_outgoing.Last} was the last that was sent");
        }
        _heard = now;
        _outgoing.Acknowledge(frame.Acknowledged);
        if (frame.Sequence != 0)
        {
            _incoming.Take(frame.Sequence, frame.Content, messages);
        }
    }

    /// <summary>To be called once every heartbeat: sends again what may be lost, and says something when nothing was said.</summary>
    internal void Tick(TimeSpan now, Action<LinkFrame> send)
    {
        ResendOldest(now, send);
        Flush(now, send);
        if (_incoming.Unacknowledged > 0 || now - _said >= Heartbeat)
        {
            Say(now, send);
        }
    }

    /// <summary>The way to the other end was made anew: it is sent what it has not got.</summary>
    /// <param name="received">Up to which frame the other end has everything.</param>
    /// <param name="now">The time.</param>
    /// <param name="send">Sends.</param>
    internal void Resume(long received, TimeSpan now, Action<LinkFrame> send)
    {
        _heard = now;
        _outgoing.Acknowledge(received);
        (_oldest, _waited, _patience) = (0, 0, 1);
        foreach (var frame in _outgoing.Unacknowledged)
        {
            Send(frame, now, send);
        }
        Flush(now, send);
    }

    // One frame, and each time after longer: what is not acknowledged is on a slow way far more often than it is lost, and what is sent
    // twice makes such a way slower still.
    private void ResendOldest(TimeSpan now, Action<LinkFrame> send)
    {
        var oldest = _outgoing.Oldest ?? default;
        if (oldest.Sequence != _oldest)
        {
            (_oldest, _oldestSince, _waited, _patience) = (oldest.Sequence, now, 0, Math.Min(_patience, MostPatience));
        }
        else
        {
            _waited++;
        }
        if (_oldest == 0)
        {
            _patience = 1;
            return;
        }
        if (_waited == _patience)
        {
            _patience *= 2;
            Send(oldest, now, send);
        }
    }

    private void Send(SentFrame frame, TimeSpan now, Action<LinkFrame> send)
    {
        _said = now;
        _incoming.NoteAcknowledged();
        send(new(frame.Sequence, _incoming.Received, frame.Content));
    }

    private void Say(TimeSpan now, Action<LinkFrame> send) => Send(new(0, []), now, send);
}
