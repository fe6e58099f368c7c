using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Doors;

/// <summary>
/// What a remote client has in the broker, which is given up when it is gone: callers that wait, handles of conversations, streams,
/// channels that are listened on, sandboxes. Mutable, and owned by the client's actor.
/// </summary>
internal sealed class RemoteHoldings
{
    private readonly Dictionary<long, CallerRef> _callers = [];
    private readonly HeldHandles _handles = new();
    private readonly HashSet<(SessionId Session, HandleId Handle)> _joining = [];
    private readonly Dictionary<ErrandId, IActorRef> _streams = [];
    private readonly HashSet<IActorRef> _sandboxes = [];

    /// <summary>Callers that wait.</summary>
    internal int Waiting => _callers.Count;

    /// <summary>The caller of that number, if it waits.</summary>
    internal CallerRef? Find(long number) => _callers.GetValueOrDefault(number);

    /// <summary>One more waits.</summary>
    internal void Add(CallerRef caller) => _callers.Add(caller.Number, caller);

    /// <summary>Whether a conversation's handle is this client's.</summary>
    internal bool Has(SessionId session, HandleId handle) => _handles.Has((session, handle));

    /// <summary>
    /// Whether it has asked for a handle and was not answered: until then nobody has looked at which database the conversation is of.
    /// </summary>
    internal bool IsJoining(SessionId session, HandleId handle) => _joining.Contains((session, handle));

    /// <summary>Something is told to the broker.</summary>
    internal void Asked(object request)
    {
        switch (request)
        {
            case OpenSession or JoinSession: Joins(HandleOf(request)!.Value); break;
            case RunInSession { Opens: { } open }: _handles.Add((open.Session, open.Handle)); break;
            case LeaveSession leave: _handles.Remove((leave.Session, leave.Handle)); break;
        }
    }

    /// <summary>A caller is told something.</summary>
    /// <param name="caller">Who.</param>
    /// <param name="answer">What.</param>
    /// <param name="from">By whom.</param>
    internal void Told(CallerRef caller, object answer, IActorRef from)
    {
        if (HandleOf(caller.Asked.Request) is { } handle)
        {
            _joining.Remove(handle);
            if (answer is SessionOpened opened)
            {
                _handles.Add(handle);
                _handles.Answered(handle, opened.Actor);
            }
        }
        switch (answer)
        {
            case Refused when caller.Asked.Request is RunInSession { Opens: { } open }: _handles.Remove((open.Session, open.Handle)); break;
            case SessionAnswer said: _handles.Answered((said.Session, said.Handle), from); break;
            case StreamOpened opened: _streams[opened.Id] = opened.Stream; break;
            case StreamEnded ended: _streams.Remove(ended.Id); break;
            case Refused when caller.Asked.Request is OpenStream refused: _streams.Remove(refused.Id); break;
            case SandboxOpened opened: _sandboxes.Add(opened.Supervisor); break;
        }
        if (!IsToldMany(caller.Asked.Request) || answer is Refused or StreamEnded)
        {
            End(caller);
        }
    }

    /// <summary>A caller wants to hear no more.</summary>
    internal void End(CallerRef caller)
    {
        _callers.Remove(caller.Number);
        caller.End();
    }

    /// <summary>
    /// A caller wants no more of its stream or channel: that ends, whoever was told so. It makes room by that only, and not by a word.
    /// </summary>
    internal void Close(CallerRef caller)
    {
        End(caller);
        if (caller.Asked.Request is OpenStream open && _streams.Remove(open.Id, out var stream))
        {
            stream.Tell(new CloseStream(open.Id), caller);
        }
        else
        {
            Withdraw(caller);
        }
    }

    /// <summary>An actor is gone, and with it what the client had of it.</summary>
    internal void Gone(IActorRef actor)
    {
        _sandboxes.Remove(actor);
        _handles.Gone(actor);
    }

    /// <summary>The client is gone: all of it is given up, once.</summary>
    /// <param name="broker">The broker's supervisor.</param>
    /// <param name="login">Its user: a handle that it asked for may prove to be another one's.</param>
    internal void GiveUp(IActorRef broker, string login)
    {
        foreach (var caller in _callers.Values)
        {
            caller.End();
            Withdraw(caller);
        }
        foreach (var (id, stream) in _streams)
        {
            stream.Tell(new CloseStream(id), ActorRefs.NoSender);
        }
        foreach (var (session, handle) in _handles.All.Union(_joining))
        {
            broker.Tell(new LeaveSession(session, handle) { Login = login }, ActorRefs.NoSender);
        }
        foreach (var sandbox in _sandboxes)
        {
            sandbox.Tell(new CloseSandbox(), ActorRefs.NoSender);
        }
        _callers.Clear();
        _handles.Clear();
        _joining.Clear();
        _streams.Clear();
        _sandboxes.Clear();
    }

    /// <summary>The handle that a request to open or join a conversation asks for; null for any other.</summary>
    internal static (SessionId Session, HandleId Handle)? HandleOf(object request) => request switch
    {
        OpenSession open => (open.Session, open.Handle),
        JoinSession join => (join.Session, join.Handle),
        _ => null,
    };

    /// <summary>Whether a request goes on with what its caller asked for: with that stream, or that channel.</summary>
    /// <param name="asked">What it asked for.</param>
    /// <param name="request">What it says now, by the names that the broker has.</param>
    internal static bool GoesOn(object asked, object request) => (asked, request) switch
    {
        (OpenStream open, DemandChunks demand) => demand.Id == open.Id,
        (OpenStream open, SendCopyData data) => data.Id == open.Id,
        (OpenStream open, FinishCopy finish) => finish.Id == open.Id,
        (OpenStream open, CloseStream close) => close.Id == open.Id,
        (StartListening listen, StopListening stop) => stop.Channel == listen.Channel,
        _ => false,
    };

    private void Joins((SessionId Session, HandleId Handle) handle)
    {
        _handles.Remove(handle);
        _joining.Add(handle);
    }

    private static void Withdraw(CallerRef caller)
    {
        switch (caller.Asked)
        {
            case (var pool, RunErrand errand): pool.Tell(new CancelErrand(errand.Id), ActorRefs.NoSender); break;
            case (var pool, OpenStream open): pool.Tell(new CancelErrand(open.Id), ActorRefs.NoSender); break;
            case (var pool, StartListening listen): pool.Tell(new StopListening(listen.Channel), caller); break;
        }
    }

    private static bool IsToldMany(object request) => request is OpenStream or StartListening;
}
