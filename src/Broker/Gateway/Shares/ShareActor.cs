using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Gateway.Errands;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.Gateway.Reports;
using Broker.Leases;
using Broker.Gateway.Traces;
using Broker.PgWire.Logins;
using Broker.Pools;

namespace Broker.Gateway.Shares;

/// <summary>
/// The share of a pool on a loop: it owns the pool's links there, and the line of those who wait for one. It asks the pool for slots as
/// long as somebody waits, lends links to clients of the loop, and gives slots back when others need them more. No byte passes through it.
/// When it dies its links die with it, and the pool hears of that by its death.
/// </summary>
internal sealed class ShareActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan LineLook = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan HouseLook = TimeSpan.FromSeconds(1);

    private readonly IActorRef _pool;
    private readonly LinkLine _line;
    private readonly LinkDesk _links;
    private readonly ErrandTrips _trips;
    private readonly CatalogueLessons _lessons;
    private readonly SlotRequests _asked;
    private readonly Greetings _greetings = new();
    private Credential? _shown;
    private Failure? _lastFailure;
    private bool _stopping;

    public ShareActor(LinkPlan plan, IActorRef pool, StatementBook book, TextVerdicts verdicts, ExchangeBuffers buffers)
    {
        (_pool, _line, _lessons) = (pool, new(plan.Telemetry), new(plan, verdicts, buffers, Context));
        (_links, _asked, _trips) = (new(plan, pool, book, Context), new(pool, Self), new(plan, pool, book, buffers, Context));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private LinkPlan Plan => _links.Plan;

    private TimeSpan LineLimit => Plan.Gateway.Timeouts.QueryWait ?? Plan.User.Pool.AcquireTimeout;

    /// <summary>How to make one.</summary>
    internal static Props For(LinkPlan plan, IActorRef pool, StatementBook book, TextVerdicts verdicts, ExchangeBuffers buffers) =>
        Props.Create(() => new ShareActor(plan, pool, book, verdicts, buffers));

    private sealed record LookAtLine : INoSerializationVerificationNeeded
    {
        internal static readonly LookAtLine Instance = new();
    }

    private sealed record LookAtHouse : INoSerializationVerificationNeeded
    {
        internal static readonly LookAtHouse Instance = new();
    }

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.Watch(_pool);
        _pool.Tell(PoolCommands.FollowLinks.Instance);
        Timers.StartPeriodicTimer(nameof(LookAtHouse), LookAtHouse.Instance, HouseLook);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ShareCommands.WantLink want: OnWant(want.Client, want.Since ?? Plan.Time.GetTimestamp()); break;
            case ShareCommands.LinkReturned back: OnReturned(back.Link, back.Condition); break;
            case WireErrand errand: OnErrand(errand); break;
            case CarrierMessages.TripOver over: OnTripOver(over); break;
            case CarrierMessages.Pump: OnPump(); break;
            case TripInDoubt doubt: _trips.Settle(doubt); break;
            case LessonOver over: _lessons.Over(over); break;
            case ShareCommands.LeaveLine leave: OnLeave(leave); break;
            case ShareCommands.Greet greet: OnGreet(greet); break;
            case LinkEvents.Opened opened: OnOpened(opened.Link); break;
            case LinkEvents.Cleaned cleaned: OnFree(cleaned.Link); break;
            case LinkEvents.OpenFailed failed: OnOpenFailed(failed); break;
            case LinkEvents.Closed closed:
                _links.Closed(closed);
                AskForSlots();
                break;
            case SlotLent lent: OnSlot(lent); break;
            case SlotRefused refused when _asked.Answered(refused.Request): OnRefused(refused.Failure); break;
            case LookAtLine: OnLookAtLine(); break;
            case LookAtHouse: OnLookAtHouse(); break;
            default: OnControl(message); break;
        }
    }

    private void OnControl(object message)
    {
        switch (message)
        {
            case SlotsWanted wanted:
                _links.Wanted(wanted);
                if (wanted.Count > 0)
                {
                    _trips.GiveBack();
                }
                break;
            case SlotsOutdated outdated:
                _links.Outdate(outdated.Reason);
                _trips.Retire();
                break;
            case SlotRevoked revoked: _links.Revoked(revoked); break;
            case LinksChanged changed:
                _greetings.Follow(Plan, changed.Links);
                _trips.Follow(changed.Links);
                _links.Follow(changed.Links);
                break;
            // what the loop tells all, and the answer to what was withdrawn
            case ShareEnded or Clients.LookAtClock or SlotRefused: break;
            case ShareCommands.Stop:
                _stopping = true;
                RefuseAll(new BrokerStopping("the gateway"));
                _links.Outdate(CloseReason.Stopping);
                _trips.Retire();
                break;
            case Terminated { ActorRef: var dead } when dead.Equals(_pool):
                RefuseAll(new ConnectionLost(Plan.Pool, "its pool ended"));
                Context.Stop(Self);
                break;
            case Terminated { ActorRef: var dead }:
                _links.Died(dead);
                AskForSlots();
                break;
            default: Unhandled(message); break;
        }
    }

    private void OnWant(IActorRef client, long since)
    {
        if (_stopping)
        {
            client.Tell(new Refused(new BrokerStopping("the gateway")), ActorRefs.NoSender);
            return;
        }
        if (_line.Count == 0 && _links.TakeIdle() is { } link)
        {
            Lend(link, client, TimeSpan.Zero);
            return;
        }
        _line.Enter(client, since);
        _trips.GiveBack();
        AskForSlots();
        WatchLine();
    }

    private void OnErrand(WireErrand errand)
    {
        if (_stopping)
        {
            WireTrip.RunAgain(errand);
            return;
        }
        _trips.Enter(errand);
        Pump();
        WatchLine();
    }

    private void OnPump()
    {
        while (_trips.Wanted > 0 && _line.Count == 0 && _links.TakeIdle() is { } link)
        {
            if (_trips.RunsLoneWrite())
            {
                OnFree(link);
            }
            else
            {
                _trips.Carry(link);
            }
        }
        _trips.Travel();
        if (_trips.Wanted > 0)
        {
            // what a carrier of the others has and does not use
            _trips.GiveBack();
        }
        AskForSlots();
    }

    private void OnTripOver(CarrierMessages.TripOver over)
    {
        _trips.Over(over);
        if (_lessons.WantsLink || _trips.OthersAreNext || (_line.First is { } first && first.Since < _trips.Oldest))
        {
            _trips.GiveBack();
        }
        Pump();
    }

    private void Pump()
    {
        if (_trips.StartsPump())
        {
            Self.Tell(CarrierMessages.Pump.Instance, ActorRefs.NoSender);
        }
    }

    private void OnLeave(ShareCommands.LeaveLine leave)
    {
        _line.Leave(leave.Client);
        if (_trips.Leave(leave.Client) is { } errand && !leave.HasEnded)
        {
            HeldAnswer.Of(errand, ErrorReports.Error(new Cancelled("before it was sent"))).Tell();
        }
        if (leave.HasEnded)
        {
            _links.Shelf.LentTo(leave.Client)?.ReturnTo(Self, LinkCondition.Unheard);
        }
    }

    private void OnReturned(WireLink link, LinkCondition condition)
    {
        _trips.Returned(link.Borrower);
        link.Borrower = null;
        switch (condition)
        {
            // a cancel may have been sent since it was given back
            case LinkCondition.Clean when link.Use.CancelsInFlight == 0: OnFree(link); break;
            case LinkCondition.Broken: _links.Close(link, CloseReason.Broken); break;
            default: LinkDesk.Clean(link, discard: condition is LinkCondition.Dirty); break;
        }
    }

    private void OnFree(WireLink link)
    {
        if (link.Phase is LinkPhase.Closing)
        {
            // it has died, or is being closed, and its actor says so when it is
            return;
        }
        if (_links.ReasonToEnd(link, _line.First?.Since) is { } reason)
        {
            _links.Close(link, reason);
        }
        else if (link.Channel.IsReadable)
        {
            LinkDesk.Clean(link, discard: false);
        }
        else if (_lessons.WantsLink)
        {
            _lessons.Carry(link);
        }
        else if (_trips.Wanted > 0 && (_line.First is not { } waiting || _trips.OldestWanting < waiting.Since))
        {
            _trips.Carry(link);
            _trips.Travel();
        }
        else if (_line.Count > 0)
        {
            var first = _line.TakeFirst();
            Lend(link, first.Client, Plan.Time.GetElapsedTime(first.Since));
        }
        else
        {
            link.Phase = LinkPhase.Idle;
            _links.Shelf.PutIdle(link);
        }
    }

    private void Lend(WireLink link, IActorRef client, TimeSpan waited)
    {
        Plan.Telemetry?.ClientWaited(waited);
        (link.Phase, link.Borrower) = (LinkPhase.Lent, client);
        client.Tell(new LinkLent(link), ActorRefs.NoSender);
        link.Channel.GiveTo(client);
    }

    private void OnGreet(ShareCommands.Greet greet)
    {
        _shown = greet.Shown ?? _shown;
        if (!_greetings.Greets(Sender))
        {
            AskForSlots();
            WatchLine();
        }
    }

    /// <summary>As many as wait and are not on their way.</summary>
    private void AskForSlots()
    {
        var needed = Math.Max(_line.Count + _trips.Wanted, _greetings.AreAwaited ? 1 : 0);
        for (var missing = needed - _asked.Count - _links.Shelf.Connecting; missing > 0; missing--)
        {
            _asked.Ask();
        }
    }

    private void WithdrawNeedless()
    {
        while (_asked.Count + _links.Shelf.Connecting > _line.Count + _trips.Wanted && _asked.Count > 0 && !_greetings.AreAwaited)
        {
            _asked.Withdraw();
        }
    }

    private void OnSlot(SlotLent lent)
    {
        if (_asked.Answered(lent.Request) && !_stopping)
        {
            _links.Open(lent, _shown);
        }
        else
        {
            _links.Decline(lent);
        }
    }

    private void OnOpened(WireLink link)
    {
        _lastFailure = null;
        _links.Opened(link);
        _lessons.Opened(link);
        _greetings.Learn(link.Defaults);
        OnFree(link);
    }

    private void OnOpenFailed(LinkEvents.OpenFailed failed)
    {
        _links.OpenFailed(failed);
        _lastFailure = failed.Failure;
        if (!failed.Failure.IsTransient)
        {
            OnRefused(failed.Failure);
        }
        AskForSlots();
    }

    private void OnRefused(Failure failure)
    {
        _lastFailure = failure;
        if (_links.Shelf.Count == 0 || _greetings.AreAwaited)
        {
            RefuseAll(failure);
        }
    }

    private void OnLookAtLine()
    {
        _trips.RunAlone(LineLimit);
        while (_line.First is { } first && Plan.Time.GetElapsedTime(first.Since) >= LineLimit)
        {
            var waited = Plan.Time.GetElapsedTime(first.Since);
            var failure = _links.Shelf.Count == 0 && _lastFailure is { } last ? last : new PoolExhausted(
                Plan.Pool, _links.Shelf.Count, Plan.User.Pool.Limit ?? -1, _line.Count, waited, waited, _lastFailure?.Message);
            _line.TakeFirst().Client.Tell(new Refused(failure), ActorRefs.NoSender);
        }
        WithdrawNeedless();
        WatchLine();
    }

    private void WatchLine()
    {
        if ((_line.Count > 0 || _trips.Waiting > 0) && !Timers.IsTimerActive(nameof(LookAtLine)))
        {
            Timers.StartSingleTimer(nameof(LookAtLine), LookAtLine.Instance, LineLook);
        }
    }

    private void OnLookAtHouse()
    {
        _trips.KeepHouse();
        if (_lessons.WantsLink && _links.TakeIdle() is { } link)
        {
            OnFree(link);
        }
        _links.KeepHouse(_line.Count == 0);
        WithdrawNeedless();
    }

    private void RefuseAll(Failure failure)
    {
        var refused = new Refused(failure);
        _trips.RunAlone(TimeSpan.Zero);
        while (_line.Count > 0)
        {
            _line.TakeFirst().Client.Tell(refused, ActorRefs.NoSender);
        }
        _greetings.TellAll(refused);
        WithdrawNeedless();
    }
}
