using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Gateway.Loops;
using Broker.Gateway.Prepared;
using Broker.Gateway.Sockets;
using Broker.Leases;
using Broker.PgWire.Framing;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Links;

/// <summary>
/// Owns one server connection of the gateway, on the loop of its parent, the share of a pool: opens it, hears it while it is idle, makes it
/// fit for its next user, and closes it. It never lends itself: whoever takes the link from the share has the port, and until it is back
/// this actor knows nothing of what is said on it.
/// <para>
/// Connecting -> Open (which is Idle, or Lent or on an Errand) -> Cleaning -> Open ... -> Closing. It dies after <see
/// cref="LinkEvents.Closed"/> or <see cref="LinkEvents.OpenFailed"/>, never restarts, and closes its port whatever state it is in.
/// </para>
/// </summary>
internal sealed class WireLinkActor : UntypedActor, IWithTimers
{
    /// <summary>
    /// How long what was cancelled may take to say so, before it is cancelled again: a request that comes too early takes no effect.
    /// </summary>
    private static readonly TimeSpan CancelPatience = TimeSpan.FromMilliseconds(250);

    private readonly LinkPlan _plan;
    private readonly SlotLent _slot;
    private readonly Credential? _shown;
    private readonly StatementBook _book;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Func<Frame, bool> _pass;
    private LinkConnecting? _connecting;
    private WireLink? _link;
    private LinkCancels? _cancels;
    private LinkCleaning? _cleaning;
    private CloseReason _reason;

    public WireLinkActor(LinkPlan plan, SlotLent slot, Credential? shown, StatementBook book) =>
        (_plan, _slot, _shown, _book, _pass) = (plan, slot, shown, book, Pass);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private WireLink Link => _link!;

    /// <summary>How to make one, for a share on a loop, which adds its dispatcher.</summary>
    /// <param name="plan">The pool's.</param>
    /// <param name="slot">The slot that it fills.</param>
    /// <param name="shown">What a client has shown of its password, for a user who has none in the settings.</param>
    /// <param name="book">The prepared texts of the share.</param>
    internal static Props For(LinkPlan plan, SlotLent slot, Credential? shown, StatementBook book) =>
        Props.Create(() => new WireLinkActor(plan, slot, shown, book));

    private sealed record ClosingOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly ClosingOverdue Instance = new();
    }

    private sealed record CleaningOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly CleaningOverdue Instance = new();
    }

    private sealed record CancelAgain : INoSerializationVerificationNeeded
    {
        internal static readonly CancelAgain Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Become(Connecting);
        _plan.Telemetry?.LinkIs(null, LinkPhase.Connecting);
        _connecting = new(_plan, _shown, new(ReactorDispatcherConfigurator.LoopOf(Context), Self, Timers));
        _connecting.Begin();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Unhandled(message);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _connecting?.GiveUp();
        _plan.Telemetry?.LinkIs(_link?.Phase ?? LinkPhase.Connecting, null);
        if (_link is { } link)
        {
            link.Channel.Close();
            link.Statements.End();
        }
    }

    private void Connecting(object message)
    {
        switch (message)
        {
            case LinkCommands.Close:
                FailedToOpen(new BrokerStopping($"pool {_plan.Pool}"));
                break;
            case LinkCommands.Cancel cancel:
                LinkCancels.PassOver(cancel);
                break;
            default:
                _connecting!.Hear(message);
                if (_connecting.Opening is { } opening)
                {
                    Opened(opening);
                }
                else if (_connecting.Failure is { } failure)
                {
                    FailedToOpen(failure);
                }
                break;
        }
    }

    private void Open(object message)
    {
        switch (message)
        {
            case PortReady { Port: var port }:
                if (port == Link.Channel.Port && port.Owner.Equals(Self))
                {
                    port.Look();
                    Hear();
                }
                break;
            case LinkCommands.Clean clean:
                Clean(clean.Discard);
                break;
            case LinkCommands.Cancel cancel:
                _cancels!.Take(cancel);
                break;
            case LinkCancels.CancelEnded ended:
                _cancels!.Ended(ended);
                break;
            case LinkCommands.Close close:
                Close(close.Reason);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Cleaning(object message)
    {
        switch (message)
        {
            case PortReady { Port: var port }:
                if (port == Link.Channel.Port)
                {
                    port.Look();
                    GoOnCleaning();
                }
                break;
            case LinkCancels.CancelEnded ended:
                CancelEnded(ended);
                GoOnCleaning();
                break;
            case CancelAgain:
                _cleaning!.CancelAgain();
                GoOnCleaning();
                break;
            case CleaningOverdue:
                _plan.Telemetry?.Cleaned(CleaningOutcome.Overdue);
                Close(CloseReason.ResetTimedOut);
                break;
            case LinkCommands.Close close:
                Close(close.Reason);
                break;
            case LinkCommands.Cancel cancel:
                LinkCancels.PassOver(cancel);
                break;
            case LinkCommands.Clean:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Closing(object message)
    {
        switch (message)
        {
            case PortReady { Port: var port }:
                port.Look();
                HearEnd();
                break;
            case ClosingOverdue:
                Closed(clean: false);
                break;
            case LinkCancels.CancelEnded:
                Timers.StartSingleTimer(nameof(CancelAgain), CancelAgain.Instance, CancelPatience);
                break;
            case CancelAgain:
                CancelWork();
                break;
            case LinkCommands.Cancel cancel:
                LinkCancels.PassOver(cancel);
                break;
            case LinkCommands.Clean or LinkCommands.Close:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void FailedToOpen(Failure failure)
    {
        Context.Parent.Tell(new LinkEvents.OpenFailed(_slot.Lease, failure, LeftBehind: null));
        Context.Stop(Self);
    }

    private void Opened(LinkOpening opening)
    {
        _connecting = null;
        var session = opening.Session;
        _link = new()
        {
            Actor = Self,
            Slot = _slot.Lease,
            Connection = _slot.Connection,
            Host = opening.Host,
            Channel = opening.Channel,
            Input = opening.Input,
            Key = session.Login.Key,
            Version = session.Login.Version,
            Backend = session.Backend!,
            Presumes = session.Presumes!,
            Defaults = session.Settings.ToImmutableDictionary(),
            Settings = session.Settings,
            Statements = new(_book, Math.Max(1, _plan.Gateway.PreparedStatements)),
            OpenedAt = _plan.Time.GetTimestamp(),
            Telemetry = _plan.Telemetry,
        };
        _plan.Telemetry?.LinkIs(LinkPhase.Connecting, LinkPhase.Idle);
        _cancels = new(_plan, _link, opening.Address, opening.Tls);
        _log.Debug(
            "Link {Connection} of pool {Pool} is open on server process {BackendPid}", _slot.Connection, _plan.Pool, session.Backend!.Pid);
        Become(Open);
        Context.Parent.Tell(new LinkEvents.Opened(_link));
        Hear();
    }

    // Also while the port is back and the share has not said yet what becomes of the link: no event tells again what came meanwhile.
    private void Hear()
    {
        switch (Link.Input.Read(Link.Channel, _plan.Gateway.Buffer.Turn, _pass))
        {
            case InputState.Ended:
                _reason = CloseReason.Broken;
                Closed(clean: true);
                break;
            case InputState.Garbled or InputState.Stopped:
                Close(CloseReason.Broken);
                break;
            case InputState.Drained or InputState.TurnOver:
                break;
        }
    }

    private bool Pass(Frame frame)
    {
        Hearing.Take(Link, frame);
        return !Link.Use.IsDoubtful;
    }

    private void Clean(bool discard)
    {
        TakePort();
        Link.Phase = LinkPhase.Cleaning;
        Become(Cleaning);
        _cleaning = new(Link, discard, _plan.Gateway.Buffer.Turn, () => _cancels!.Send());
        if (_cancels!.IsOneLost)
        {
            _cleaning.CancelLost();
        }
        GoOnCleaning();
        if (_cleaning is not null)
        {
            Timers.StartSingleTimer(nameof(CleaningOverdue), CleaningOverdue.Instance, _plan.User.Pool.ResetTimeout);
        }
    }

    private void GoOnCleaning()
    {
        switch (_cleaning!.GoOn())
        {
            case CleaningState.Done:
                _plan.Telemetry?.Cleaned(CleaningOutcome.Fit);
                EndCleaning();
                Link.Phase = LinkPhase.Idle;
                Become(Open);
                Context.Parent.Tell(new LinkEvents.Cleaned(Link));
                break;
            case CleaningState.GivenUp:
                _plan.Telemetry?.Cleaned(CleaningOutcome.GivenUp);
                Close(Link.Use.IsCutToServer ? CloseReason.HolderLost : CloseReason.Broken);
                break;
            case CleaningState.ServerGone:
                _plan.Telemetry?.Cleaned(CleaningOutcome.Lost);
                _reason = CloseReason.Broken;
                Closed(clean: true);
                break;
            case CleaningState.GoesOn:
                break;
        }
    }

    private void EndCleaning()
    {
        _cleaning = null;
        Timers.Cancel(nameof(CleaningOverdue));
        Timers.Cancel(nameof(CancelAgain));
    }

    private void CancelEnded(LinkCancels.CancelEnded ended)
    {
        _cancels!.Ended(ended);
        if (_cancels.IsOneLost)
        {
            _cleaning!.CancelLost();
        }
        else
        {
            Timers.StartSingleTimer(nameof(CancelAgain), CancelAgain.Instance, CancelPatience);
        }
    }

    private void TakePort()
    {
        if (!Link.Channel.Port.Owner.Equals(Self))
        {
            Link.Channel.GiveTo(Self);
        }
    }

    // The process is known to be gone when the server has closed its end: at a goodbye, or when it finds ours closed. That it finds as soon
    // as it is done with what it does, and no sooner.
    private void Close(CloseReason reason)
    {
        _reason = reason;
        TakePort();
        EndCleaning();
        Link.Phase = LinkPhase.Closing;
        Become(Closing);
        if (HearEnd())
        {
            return;
        }
        Timers.StartSingleTimer(nameof(ClosingOverdue), ClosingOverdue.Instance, _plan.User.Pool.ResetTimeout);
        if (Link.Use.IsAtRest)
        {
            Link.Channel.Write(Goodbye.Bytes);
            return;
        }
        CancelWork();
        Link.Channel.Port.EndWriting();
    }

    private void CancelWork()
    {
        if (Link.Use.IsAwaiting)
        {
            _cancels!.Send();
        }
    }

    private bool HearEnd()
    {
        var isOver = Link.Input.Drop(Link.Channel, _plan.Gateway.Buffer.Turn) is InputState.Ended;
        if (isOver)
        {
            Closed(clean: true);
        }
        return isOver;
    }

    private void Closed(bool clean)
    {
        Link.Phase = LinkPhase.Closing;
        Link.Channel.Close();
        _log.Debug("Link {Connection} of pool {Pool} is closed: {Reason}", _slot.Connection, _plan.Pool, _reason);
        Context.Parent.Tell(new LinkEvents.Closed(Link, _reason, clean));
        Context.Stop(Self);
    }
}
