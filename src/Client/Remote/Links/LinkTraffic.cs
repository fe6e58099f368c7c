using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote.Frames;
using Broker.Client.Sending;

namespace Broker.Client.Remote.Links;

/// <summary>
/// What a program asks of its broker and is answered: callers that wait, the references that the broker gave, and the frames on their way.
/// It knows nothing of connections. Mutable, and owned by the link's actor.
/// </summary>
internal sealed class LinkTraffic : IDisposable
{
    private readonly IActorRef _link;
    private readonly RemoteReferences _references;
    private readonly LinkLoad _load = new();
    private readonly PendingCallers _callers = new();
    private readonly LinkCodec _codec;
    private readonly List<ReadOnlyMemory<byte>> _arrived = [];
    private readonly Queue<(LinkMessages.Send Send, IActorRef Caller)> _held = new();
    private readonly Func<FrameLink> _newFrames;
    private Failure? _refusal;

    /// <param name="link">The link's actor.</param>
    /// <param name="home">Where callers live.</param>
    /// <param name="newFrames">Makes the frames of a client that the broker does not know.</param>
    internal LinkTraffic(IActorRef link, ReplyHome home, Func<FrameLink> newFrames)
    {
        (_link, _newFrames, _references) = (link, newFrames, new(link, _load, home));
        _codec = new(_references);
        Frames = newFrames();
    }

    /// <summary>The frames.</summary>
    internal FrameLink Frames { get; private set; }

    /// <summary>The broker's supervisor.</summary>
    internal RemoteRef Broker => _references.Broker;

    /// <summary>Whether what is asked now may reach the broker before it is known that the way is broken.</summary>
    internal bool IsOpen { get; private set; }

    /// <summary>Something is told to the broker. It is refused at once while nobody waits any longer.</summary>
    internal void Send(LinkMessages.Send send, IActorRef caller)
    {
        if (_refusal is not null)
        {
            RefuseUnsent(send, caller, _refusal);
        }
        else if (_references.IsBeingFound(send.To))
        {
            _held.Enqueue((send, caller));
        }
        else if (send.To.Number == 0)
        {
            RefuseDead(send, caller);
        }
        else
        {
            Add(send.To, send.Message, caller);
        }
    }

    /// <summary>Somebody wants to hear of an actor's death.</summary>
    internal void Watch(LinkMessages.WatchFor watch)
    {
        if (!_references.Watch(watch.Watched, watch.Watcher))
        {
            TellDead(watch.Watched, watch.Watcher);
        }
    }

    /// <summary>It wants to hear no more.</summary>
    internal void Unwatch(LinkMessages.UnwatchFor unwatch) => _references.Unwatch(unwatch.Watched, unwatch.Watcher);

    /// <summary>A frame came.</summary>
    /// <exception cref="Protocol.Serialization.MalformedMessageException">It is none of ours.</exception>
    internal void Take(LinkFrame frame, TimeSpan now)
    {
        _arrived.Clear();
        Frames.Take(frame, now, _arrived);
        var waited = _callers.Count;
        foreach (var bytes in _arrived)
        {
            Take(_codec.Read(bytes));
        }
        _load.IsQuiet = waited <= 1 && _callers.Count == 0;
    }

    /// <summary>The broker is reached, and knows this client.</summary>
    internal void Opened()
    {
        (IsOpen, _refusal) = (true, null);
        foreach (var pending in _callers.All)
        {
            pending.GoesOut();
        }
    }

    /// <summary>The way is broken; what is asked waits.</summary>
    internal void Closed() => IsOpen = false;

    /// <summary>The broker is reached, and has forgotten this client: what may be is asked again, the rest is refused.</summary>
    internal void StartAnew()
    {
        _refusal = null;
        Frames = _newFrames();
        var again = new List<(PendingCaller Pending, object Request)>();
        foreach (var pending in _callers.All)
        {
            _callers.Remove(pending);
            var (request, refusal) = pending.FindsAgain is null ? Losses.Of(pending) : default;
            if (refusal is not null)
            {
                Refuse(pending.Caller, refusal);
            }
            else if (request is not null)
            {
                again.Add((pending, request));
            }
        }
        // Behind the refusals: a stream whose actor is dead is known to have had no effect.
        ForgetReferences();
        foreach (var (pool, asked) in _references.Pools.ToArray())
        {
            TryWrite(Broker, _callers.Add(_link, Broker, asked, findsAgain: pool), asked);
        }
        foreach (var (pending, request) in again)
        {
            Send(new(pending.Target, request), pending.Caller);
            if (request is RunErrand errand && pending.IsCancelled)
            {
                Send(new(pending.Target, new CancelErrand(errand.Id)), ActorRefs.Nobody);
            }
        }
    }

    /// <summary>Nobody waits any longer, and what was not sent is never sent.</summary>
    /// <param name="failure">What they are told.</param>
    /// <param name="refuses">Whether what is asked from now on is refused likewise until the broker is reached.</param>
    internal void GiveUp(Failure failure, bool refuses = true)
    {
        _refusal = refuses ? failure : null;
        foreach (var pending in _callers.All)
        {
            _callers.Remove(pending);
            Refuse(pending.Caller, Losses.WithoutAnswer(pending, failure));
        }
        while (_held.TryDequeue(out var held))
        {
            RefuseUnsent(held.Send, held.Caller, failure);
        }
        ForgetReferences();
        Frames = _newFrames();
    }

    /// <inheritdoc/>
    public void Dispose() => _codec.Dispose();

    private void Add(RemoteRef to, object message, IActorRef caller)
    {
        _load.IsQuiet = false;
        var pending = caller.IsNobody() ? null
            : RequestKinds.Continues(message) ? _callers.Find(caller)
            : _callers.Add(caller, to, message);
        if (pending is not null)
        {
            pending.HasEnded |= message is FinishCopy;
            if (IsOpen)
            {
                pending.GoesOut();
            }
        }
        if (TryWrite(to, pending, message) && message is CloseStream or StopListening && pending is not null)
        {
            _callers.Remove(pending);
        }
    }

    private bool TryWrite(RemoteRef to, PendingCaller? pending, object message)
    {
        try
        {
            var bytes = _codec.Request(to.Number, pending?.Number ?? 0, message);
            if (bytes.Length > Frames.Largest)
            {
                throw new BrokerException(TooLarge(message, bytes.Length));
            }
            Frames.Add(RequestLanes.Of(message, to.Number), bytes);
            return true;
        }
        catch (BrokerException unsendable)
        {
            if (pending is not null)
            {
                _callers.Remove(pending);
                Refuse(pending.Caller, Losses.Unsent(message, to.Pool, unsendable.Failure));
            }
            return false;
        }
    }

    private StatementRefused TooLarge(object request, int length) => new(
        $"it takes {length} bytes to send, and the broker takes {Frames.Largest} (broker.door.largest-requests)",
        request is RunErrand errand ? errand.Statement.Text : request.GetType().Name);

    private void Take(LinkCodec.Item item)
    {
        if (item.Kind == LinkCodec.Kind.Gone)
        {
            if (_references.Find(item.First) is RemoteRef gone && !ReferenceEquals(gone, Broker))
            {
                TellDead(gone);
            }
        }
        else if (item is { Kind: LinkCodec.Kind.Answer, Message: { } answer } && _callers.Answer(item.First, answer) is { } pending)
        {
            Answer(pending, answer, _references.Find(item.Second));
        }
    }

    private void Answer(PendingCaller pending, object answer, IActorRef from)
    {
        if (pending.FindsAgain is { } pool)
        {
            if (answer is PoolFound { Supervisor: RemoteRef again })
            {
                _references.Replace(pool, again);
            }
            else
            {
                TellDead(pool);
            }
            ReleaseHeld();
            return;
        }
        if (answer is PoolFound { Supervisor: RemoteRef found } told && pending.Request is FindPool asked)
        {
            found.Pool = told.Pool;
            // A sandbox's pools end with it: the broker's own of that name would be another.
            if (ReferenceEquals(pending.Target, Broker))
            {
                _references.NotePool(found, asked);
            }
        }
        pending.MayHaveCommitted &= answer is not StreamOpened { OnlyReads: true };
        pending.Caller.Tell(Losses.Told(pending, answer), from);
    }

    private void ReleaseHeld()
    {
        for (var left = _held.Count; left > 0; left--)
        {
            var (send, caller) = _held.Dequeue();
            Send(send, caller);
        }
    }

    private void ForgetReferences()
    {
        TellDead(_references.ForgetAll());
    }

    private void TellDead(RemoteRef gone) => TellDead(_references.Forget(gone));

    private static void TellDead(IReadOnlyList<(RemoteRef Watched, IActorRef Watcher)> told)
    {
        foreach (var (watched, watcher) in told)
        {
            TellDead(watched, watcher);
        }
    }

    private static void TellDead(RemoteRef gone, IActorRef watcher) =>
        ((IInternalActorRef)watcher)
            .SendSystemMessage(new DeathWatchNotification(gone, existenceConfirmed: true, addressTerminated: false));

    private static void RefuseUnsent(LinkMessages.Send send, IActorRef caller, Failure reason) =>
        Refuse(caller, Losses.Unsent(send.Message, send.To.Pool, reason));

    private static void RefuseDead(LinkMessages.Send send, IActorRef caller)
    {
        if (send.Message is RunErrand { SentBefore: true })
        {
            RefuseUnsent(send, caller, new BrokerStopping("what it was told to"));
        }
        // A dead letter is answered, and has its pool looked up anew by who asks next (UndeliveredRequests). The first answer counts.
        send.To.Provider.DeadLetters.Tell(new DeadLetter(send.Message, caller, send.To), caller);
    }

    private static void Refuse(IActorRef caller, Failure failure) => caller.Tell(new Refused(failure), ActorRefs.NoSender);
}
