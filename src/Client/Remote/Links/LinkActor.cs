using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Frames;
using Broker.Client.Sending;

namespace Broker.Client.Remote.Links;

/// <summary>
/// A program's one link to a broker: all that its callers ask goes through this actor, many of them in one frame, and comes back to them.
/// It owns what is asked and answered (<see cref="LinkTraffic"/>), and the wire under it, one at a time.
/// States: Dialling (a wire is being made), Knocking (the login), Open, Pausing (before the next wire). A wire that breaks is replaced;
/// what was asked meanwhile waits, and is sent when the broker is reached again. A broker that still knows the client goes on where it was;
/// one that has forgotten it, or was started anew, is asked again what may be asked again (<see cref="Losses"/>). The actor ends with its
/// system; one that fails refuses all who wait.
/// </summary>
internal sealed class LinkActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan FirstHeartbeat = TimeSpan.FromSeconds(1);
    private const int SilentHeartbeats = 4;

    private readonly RemoteAddress _address;
    private readonly RemoteOptions _options;
    private readonly TimeProvider _time;
    private readonly LinkTraffic _traffic;
    private readonly List<(IActorRef Asker, TimeSpan Until)> _openers = [];
    private readonly WireMaking _making = new();
    private readonly Action<LinkFrame> _send;
    private ClientId _client = ClientId.Draw();
    private TimeSpan _heartbeat = FirstHeartbeat;
    private long _largest;
    private Wire? _wire;
    private IActorRef _gate = ActorRefs.Nobody;
    private Knock? _knock;
    private TimeSpan _unreachableSince;
    private TimeSpan _dialled;
    private Failure? _refusal;
    private string _cause = "no connection was tried yet";
    private int _attempts;
    private bool _admittedBefore;
    private bool _flushDue;
    private bool _closed;

    public LinkActor(RemoteAddress address, RemoteOptions options, ReplyHome home, TimeProvider time)
    {
        (_address, _options, _time) = (address, options, time);
        _traffic = new(Self, home, NewFrames);
        _unreachableSince = Now;
        _send = frame => _wire!.Tell(_gate, frame);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(RemoteAddress address, RemoteOptions options, ReplyHome home, TimeProvider time) =>
        Props.Create(() => new LinkActor(address, options, home, time));

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        internal static readonly Tick Instance = new();
    }

    private sealed record PauseOver : INoSerializationVerificationNeeded
    {
        internal static readonly PauseOver Instance = new();
    }

    private sealed record Flush : INoSerializationVerificationNeeded
    {
        internal static readonly Flush Instance = new();
    }

    private TimeSpan Now => _time.GetElapsedTime(0);

    private bool IsOpen => !_gate.IsNobody();

    private FrameLink NewFrames() => new(_options.LargestMessages, _heartbeat, Now) { Largest = _largest };

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, FirstHeartbeat);
        Dial();
    }

    /// <summary>It failed, and begins anew as another client: nobody it knew of would ever be answered.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
        var failure = new BrokerUnreachable(_address.ToString(), IsOpen ? TimeSpan.Zero : Now - _unreachableSince,
            $"this end of the link failed: {reason.Message}");
        GiveUp(failure);
        switch (message)
        {
            case LinkMessages.Send or LinkMessages.Open: Sender.Tell(new Refused(failure)); break;
            case LinkMessages.Close: Sender.Tell(LinkMessages.Closed.Instance); break;
        }
        base.PreRestart(reason, message);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _making.End();
        _wire?.Close();
        _traffic.Dispose();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LinkMessages.Send send: OnSend(send, Sender); break;
            case LinkMessages.FromWire from when ReferenceEquals(from.Wire, _wire): OnWire(from.Message, from.Sender); break;
            case Flush: OnFlush(); break;
            case LinkMessages.WatchFor watch: _traffic.Watch(watch); break;
            case LinkMessages.UnwatchFor unwatch: _traffic.Unwatch(unwatch); break;
            case LinkMessages.Open open: OnOpen(open); break;
            case LinkMessages.WireMade made: OnMade(made); break;
            case LinkMessages.WireFailed failed when ReferenceEquals(failed.Making, _making): Break(failed.Cause); break;
            case LinkMessages.WireBroken broken when ReferenceEquals(broken.Wire, _wire): Break(broken.Cause); break;
            case Tick when IsOpen: OnTickOpen(); break;
            case Tick: OnTickWithoutBroker(); break;
            case PauseOver: Dial(); break;
            case LinkMessages.Close: OnClose(); break;
            // of a wire that was replaced
            case LinkMessages.FromWire or LinkMessages.WireBroken or LinkMessages.WireFailed: break;
            default: Unhandled(message); break;
        }
    }

    private void OnSend(LinkMessages.Send send, IActorRef caller)
    {
        _traffic.Send(send, caller);
        FlushSoon();
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
        if (IsOpen)
        {
            _traffic.Frames.Flush(Now, _send);
        }
    }

    private void OnWire(object message, IActorRef sender)
    {
        try
        {
            switch (message)
            {
                case LinkFrame frame when IsOpen:
                    _traffic.Take(frame, Now);
                    FlushSoon();
                    break;
                case Challenged challenged when !IsOpen: _wire!.Tell(sender, _knock!.Prove(challenged, _traffic.Frames.Received)); break;
                case Admitted admitted when !IsOpen: OnAdmitted(admitted, sender); break;
                case Refused refused: OnRefused(refused.Failure); break;
            }
        }
        catch (BrokerException refused)
        {
            OnRefused(refused.Failure);
        }
        catch (MalformedMessageException malformed)
        {
            // What follows could not be understood either, so this client does not go on where it was.
            _client = ClientId.Draw();
            Break($"the broker said what is no message: {malformed.Message}");
        }
    }

    private void OnAdmitted(Admitted admitted, IActorRef gate)
    {
        _knock!.Verify(admitted);
        (_gate, _heartbeat, _refusal, _attempts, _largest) = (gate, admitted.Heartbeat, null, 0, admitted.LargestRequests);
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, _heartbeat);
        if (_admittedBefore && !admitted.Resumed)
        {
            _traffic.StartAnew();
        }
        _admittedBefore = true;
        (_traffic.Frames.Largest, _traffic.Frames.Heartbeat) = (_largest, _heartbeat);
        _traffic.Opened();
        _traffic.Frames.Resume(admitted.Received, Now, _send);
        TellOpeners(new LinkMessages.Opened(_traffic.Broker));
    }

    private void OnRefused(Failure failure)
    {
        if (failure is ClientRefused or ProtocolUnsupported or ClientStalled)
        {
            // One that stalled is let in again, as another client: what is asked from now on waits for that.
            GiveUp(failure, refuses: failure is not ClientStalled);
        }
        Break(failure.Message);
    }

    private void OnOpen(LinkMessages.Open open)
    {
        if (IsOpen)
        {
            Sender.Tell(new LinkMessages.Opened(_traffic.Broker));
        }
        else if (_closed || _refusal is ClientRefused or ProtocolUnsupported)
        {
            Sender.Tell(new Refused(_refusal!));
        }
        else
        {
            _openers.Add((Sender, Now + open.Within));
        }
    }

    private void Dial()
    {
        (_wire, _dialled) = (null, Now);
        var (address, options, link, making) = (_address, _options, Self, _making);
        _ = Task.Run(() => making.Made(Wire.Make(address, options, link))).PipeTo(
            Self,
            success: wire => new LinkMessages.WireMade(making, wire),
            failure: exception => new LinkMessages.WireFailed(making, exception.GetBaseException().Message));
    }

    private void OnMade(LinkMessages.WireMade made)
    {
        if (_closed || !ReferenceEquals(made.Making, _making))
        {
            made.Wire.Close();
            return;
        }
        _wire = made.Wire;
        _knock = new(_options, _address.Broker, _client);
        _wire.Tell(_wire.Door, _knock.Hello());
    }

    private void Break(string cause)
    {
        if (_closed)
        {
            return;
        }
        if (IsOpen)
        {
            _unreachableSince = Now;
        }
        _wire?.Close();
        (_wire, _gate, _knock, _cause) = (null, ActorRefs.Nobody, null, cause);
        _traffic.Closed();
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, FirstHeartbeat);
        Timers.StartSingleTimer(nameof(PauseOver), PauseOver.Instance, Pauses.Before(_attempts++, Random.Shared.NextDouble()));
    }

    private void OnTickOpen()
    {
        _traffic.Frames.Tick(Now, _send);
        if (_traffic.Frames.Silence(Now) is var silence && silence > _heartbeat * SilentHeartbeats)
        {
            Break($"nothing was heard of it for {silence.TotalSeconds:0.#} s");
        }
    }

    private void OnTickWithoutBroker()
    {
        if (_wire is not null && Now - _dialled > _options.ConnectTimeout)
        {
            Break($"it gave no answer within {_options.ConnectTimeout.TotalSeconds:0.#} s");
        }
        foreach (var (asker, _) in _openers.Where(opener => opener.Until <= Now))
        {
            asker.Tell(new Refused(Unreachable()));
        }
        _openers.RemoveAll(opener => opener.Until <= Now);
        if (_refusal is null && Now - _unreachableSince > _options.LossLimit && _openers.Count == 0)
        {
            GiveUp(Unreachable());
            if (_knock is not null)
            {
                // It would be let in as the one that is given up.
                Break(_cause);
            }
        }
    }

    private BrokerUnreachable Unreachable() => new(_address.ToString(), Now - _unreachableSince, _cause);

    /// <summary>
    /// Nobody waits any longer. The client comes back as another one, and what the broker still does for this one it gives up when it has
    /// not heard of it for its limit.
    /// </summary>
    /// <param name="failure">What they are told.</param>
    /// <param name="refuses">Whether what is asked from now on is told the same at once, until the broker is reached.</param>
    private void GiveUp(Failure failure, bool refuses = true)
    {
        (_refusal, _client) = (refuses ? failure : null, ClientId.Draw());
        _traffic.GiveUp(failure, refuses);
        TellOpeners(new Refused(failure));
    }

    private void TellOpeners(object told)
    {
        foreach (var (asker, _) in _openers)
        {
            asker.Tell(told);
        }
        _openers.Clear();
    }

    private void OnClose()
    {
        _closed = true;
        if (IsOpen)
        {
            _traffic.Frames.Flush(Now, _send);
            _wire!.Tell(_gate, Goodbye.Instance);
        }
        GiveUp(new BrokerStopping("the client"));
        _traffic.Closed();
        Timers.CancelAll();
        var (asker, wire) = (Sender, _wire);
        (_wire, _gate) = (null, ActorRefs.Nobody);
        _ = (wire?.CloseAsync() ?? Task.CompletedTask).PipeTo(asker, Self, static () => LinkMessages.Closed.Instance);
    }
}
