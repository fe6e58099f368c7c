using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Frames;
using Broker.Client.Remote.Links;
using Broker.Client.Sending;
using Broker.Hosting;

namespace Broker.Doors;

/// <summary>
/// The broker's end of the link to one remote client. It owns what the client has in the broker (<see cref="RemoteHoldings"/>), checks its
/// rights, and passes requests and answers on; it knows no SQL and no conversation. It lives through the loss of a connection, and goes on
/// with the next one. When nothing was heard of the client for `broker.door.silence-limit`, it says goodbye, or it takes too little, the
/// actor ends, and what the client has in the broker is given up.
/// </summary>
internal sealed class RemoteClientActor : UntypedActor, IWithTimers
{
    private readonly DoorPlan _plan;
    private readonly ClientId _client;
    private readonly RemoteHoldings _holdings = new();
    private readonly ErrandNames _names = new();
    private readonly RemoteRequests _requests;
    private readonly HandedOut _handedOut;
    private readonly LinkCodec _codec;
    private readonly FrameLink _frames;
    private readonly ReplyHome _home;
    private readonly Dictionary<IActorRef, long> _givenTo = [];
    private readonly List<ReadOnlyMemory<byte>> _arrived = [];
    private readonly Action<LinkFrame> _send;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private DoorAccess _access;
    private RemoteUser _user;
    private IActorRef? _peer;
    private long _telling;
    private bool _flushDue;
    private bool _settles;

    public RemoteClientActor(DoorPlan plan, DoorAccess access, RemoteUser user, ClientId client)
    {
        (_plan, _access, _user, _client) = (plan, access, user, client);
        _handedOut = new(plan.Broker, OnGiven);
        _codec = new(_handedOut);
        _requests = new(_holdings, _names, plan.Settings.MaxRequests);
        _home = ReplyHome.Of(Context.System);
        _frames = new(plan.Settings.LargestRequests, plan.Settings.Heartbeat, Now);
        var self = Self;
        _send = frame => _peer!.Tell(frame, self);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(DoorPlan plan, DoorAccess access, RemoteUser user, ClientId client) =>
        Props.Create(() => new RemoteClientActor(plan, access, user, client));

    /// <summary>The client has proven who it is, over a new connection.</summary>
    /// <param name="Peer">Its end of the link there.</param>
    /// <param name="User">Who it is.</param>
    /// <param name="Version">The version of the protocol.</param>
    /// <param name="ServerFinal">The broker's own proof.</param>
    /// <param name="Received">Up to which frame it has everything.</param>
    /// <param name="Resumed">Whether it was here before.</param>
    internal sealed record Attach(IActorRef Peer, RemoteUser User, int Version, ReadOnlyMemory<byte> ServerFinal, long Received,
        bool Resumed)
    {
        /// <summary>How many bytes of answers it takes in pieces; 0 when it did not say.</summary>
        internal long LargestAnswers { get; init; }
    }

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        internal static readonly Tick Instance = new();
    }

    private sealed record Flush : INoSerializationVerificationNeeded
    {
        internal static readonly Flush Instance = new();
    }

    private TimeSpan Now => _plan.Time.GetElapsedTime(0);

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, _plan.Settings.Heartbeat);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _holdings.GiveUp(_plan.Broker, _user.Name);
        _codec.Dispose();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LinkFrame frame when Sender.Equals(_peer): OnFrame(frame); break;
            case CallerRef.Told told: OnTold(told); break;
            case Flush: OnFlush(); break;
            case Tick: OnTick(); break;
            case Attach attach: OnAttach(attach); break;
            case DoorActor.AccessChanged changed: OnChanged(changed.Access); break;
            case Terminated gone: OnGone(gone.ActorRef); break;
            // Behind what its callers were told by a broker that has stopped.
            case BrokerSupervisor.SettleDoor: _settles = true; SaySettled(); break;
            case Goodbye when Sender.Equals(_peer): End("it said goodbye"); break;
            // of a connection that was replaced
            case LinkFrame or Goodbye: break;
            default: Unhandled(message); break;
        }
    }

    private void OnAttach(Attach attach)
    {
        Dismiss();
        (_peer, _user) = (attach.Peer, attach.User);
        _plan.Peers.Admit(DoorActor.ConnectionOf(_peer));
        var settings = _plan.Settings;
        _peer!.Tell(new Admitted(attach.Version, attach.ServerFinal, attach.Resumed, _frames.Received, settings.Heartbeat,
            settings.SilenceLimit) { LargestRequests = settings.LargestRequests }, Self);
        _frames.Largest = attach.LargestAnswers;
        _frames.Resume(attach.Received, Now, _send);
        SaySettled();
        _log.Debug("Client {Client} of {User} is attached, {Kind}", _client, _user.Name, attach.Resumed ? "again" : "for the first time");
    }

    private void OnChanged(DoorAccess access)
    {
        var removal = access.Removal(_user, _access);
        _access = access;
        if (removal is not null)
        {
            _peer!.Tell(new Refused(removal), Self);
            End(removal.Message);
        }
    }

    private void OnFrame(LinkFrame frame)
    {
        try
        {
            _arrived.Clear();
            _frames.Take(frame, Now, _arrived);
            foreach (var bytes in _arrived)
            {
                OnItem(_codec.Read(bytes));
            }
        }
        catch (MalformedMessageException malformed)
        {
            End($"it sent what is no message: {malformed.Message}");
            return;
        }
        FlushSoon();
        SaySettled();
    }

    private void SaySettled()
    {
        if (_settles && _frames.Owed == 0)
        {
            _settles = false;
            Context.Parent.Tell(new DoorActor.ClientSettled(_client), Self);
        }
    }

    private void OnItem(LinkCodec.Item item)
    {
        if (item is not { Kind: LinkCodec.Kind.Request, Message: { } request })
        {
            throw new MalformedMessageException($"{item.Kind} is nothing that a client says");
        }
        var known = item.Second == 0 ? null : _holdings.Find(item.Second);
        if ((_requests.Refusal(request, item.Second, known) ?? _access.Refusal(_user, request)) is { } failure)
        {
            Refuse(item.Second, known, failure);
            return;
        }
        Pass(_handedOut.Find(item.First), _requests.Marked(request, _user.Name), item.Second, known);
    }

    private void Pass(IActorRef to, object request, long number, CallerRef? caller)
    {
        if (RequestKinds.Continues(request) && caller is null)
        {
            // What it goes on with has ended meanwhile.
            return;
        }
        if (request is CloseStream or StopListening)
        {
            _holdings.Close(caller!);
            return;
        }
        if (to.IsNobody())
        {
            Refuse(number, caller, new BrokerStopping("what it was told to"));
            return;
        }
        _holdings.Asked(request);
        if (number == 0)
        {
            to.Tell(request, ActorRefs.NoSender);
            return;
        }
        if (caller is null)
        {
            _holdings.Add(caller = new(_home, Self, number) { Asked = (to, request) });
        }
        to.Tell(request, caller);
    }

    private void OnTold(CallerRef.Told told)
    {
        var (caller, message, from) = told;
        if (message is not IBrokerReply || _holdings.Find(caller.Number) != caller)
        {
            // it wanted to hear no more
            caller.GiveBack(message);
            return;
        }
        if (message is SessionOpened opened && !(caller.Asked.Request is OpenSession open && open.Handle == opened.Owner)
            && _access.Refusal(_user, opened.Pool.Database, opened.Pool.User) is { } failure)
        {
            // It joined a conversation of which only its answer tells the database, and as whom it works there. Of one that it has opened
            // itself it has said that, and the database may have another user by now than the door has read.
            Leave(caller, opened);
            message = new Refused(failure);
        }
        // A conversation that is not its is not to be spoken to either.
        var shown = message is Refused && RemoteHoldings.HandleOf(caller.Asked.Request) is not null ? ActorRefs.Nobody : from;
        _holdings.Told(caller, message, from);
        _telling = caller.Number;
        var bytes = _codec.Answer(caller.Number, _handedOut.NumberOf(shown), _names.Outward(message), out var whole);
        if (bytes.Length > _frames.Largest)
        {
            var tooLarge = StandIns.For((IBrokerReply)message, new ResultTooLarge(_frames.Largest));
            bytes = _codec.Answer(caller.Number, _handedOut.NumberOf(shown), tooLarge, out _);
            whole = false;
        }
        if (!whole && caller.Asked.Request is OpenStream)
        {
            // It was refused, whatever part of it could not be sent, and asks for no more.
            _holdings.Close(caller);
        }
        Add(caller.Number, bytes);
    }

    private void Leave(CallerRef caller, SessionOpened opened)
    {
        if (RemoteHoldings.HandleOf(caller.Asked.Request) is var (session, handle))
        {
            var leave = new LeaveSession(session, handle);
            _holdings.Asked(leave);
            opened.Actor.Tell(leave, ActorRefs.NoSender);
        }
    }

    private void OnGiven(IActorRef given)
    {
        Context.Watch(given);
        _givenTo[given] = _telling;
    }

    // Behind what it said to whom it was given: the last of a stream is not to be overtaken by its end.
    private void OnGone(IActorRef gone)
    {
        _holdings.Gone(gone);
        if (_handedOut.Forget(gone) is var number and not 0 && _givenTo.Remove(gone, out var caller))
        {
            Add(caller, _codec.Gone(number));
        }
    }

    private void Refuse(long number, CallerRef? caller, Failure failure)
    {
        if (number == 0)
        {
            return;
        }
        if (caller is not null)
        {
            _holdings.Close(caller);
        }
        Add(number, _codec.Answer(number, 0, new Refused(failure), out _));
    }

    private void Add(long caller, ReadOnlyMemory<byte> item)
    {
        _frames.Add(LaneKey.OfCaller(caller), item);
        FlushSoon();
        if (_frames.Owed > _plan.Settings.Backlog)
        {
            EndStalled("broker.door.backlog");
        }
    }

    // Behind what is in the mailbox already, so that all of it goes in one frame.
    private void FlushSoon()
    {
        if (!_flushDue)
        {
            _flushDue = true;
            Self.Tell(Flush.Instance, ActorRefs.NoSender);
        }
    }

    private void OnFlush()
    {
        _flushDue = false;
        _frames.Flush(Now, _send);
    }

    private void OnTick()
    {
        if (_frames.Silence(Now) > _plan.Settings.SilenceLimit)
        {
            End($"nothing was heard of it for {_frames.Silence(Now).TotalSeconds:0.#} s (broker.door.silence-limit)");
            return;
        }
        _frames.Tick(Now, _send);
        // It says that it is there and takes nothing: it would be held what it is owed for ever.
        if (_frames.Untaken(Now) > _plan.Settings.SilenceLimit)
        {
            EndStalled("broker.door.silence-limit");
        }
    }

    private void EndStalled(string setting)
    {
        _peer!.Tell(new Refused(new ClientStalled(_frames.Owed, setting)), Self);
        End($"{_frames.Owed} bytes waited for it ({setting})");
    }

    private void End(string cause)
    {
        _log.Info("Client {Client} of {User} is gone: {Cause}", _client, _user.Name, cause);
        Dismiss();
        // At once: whoever is told something from now on gives it back himself.
        _holdings.GiveUp(_plan.Broker, _user.Name);
        Context.Parent.Tell(new DoorActor.ClientOver(_client), Self);
        Become(OnOver);
    }

    // What it came by last is not its way any more.
    private void Dismiss()
    {
        if (_peer is not null)
        {
            _plan.Peers.Dismiss(DoorActor.ConnectionOf(_peer));
        }
    }

    private void OnOver(object message)
    {
        switch (message)
        {
            // Somebody who comes back in this moment is let in as a new one.
            case Attach attach: Context.Parent.Tell(new DoorActor.AttachMissed(_client, attach), Self); break;
            // It was on its way here when all was given up.
            case CallerRef.Told told: told.Caller.GiveBack(told.Message); break;
        }
    }
}
