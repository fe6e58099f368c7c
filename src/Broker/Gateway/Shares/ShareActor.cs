using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.Leases;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Shares;

/// <summary>
/// The share of a pool on a loop: it owns the pool's links there, and the line of those who wait for one. It asks the pool for slots as long as somebody waits, lends links to clients of the
/// loop, and gives slots back when others need them more. No byte passes through it. When it dies its links die with it, and the pool hears of that by its death.
/// </summary>
internal sealed class ShareActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan LineLook = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan HouseLook = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Warmth = TimeSpan.FromMilliseconds(100);

    private readonly LinkPlan _plan;
    private readonly IActorRef _pool;
    private readonly StatementBook _book;
    private readonly LinkLine _line = new();
    private readonly LinkShelf _shelf;
    private readonly SlotRequests _asked;
    private readonly HashSet<IActorRef> _greeted = [];
    private readonly HashSet<LeaseId> _closing = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private Credential? _shown;
    private Greeting? _greeting;
    private Failure? _lastFailure;
    private SlotsWanted? _wanted;
    private bool _stopping;

    public ShareActor(LinkPlan plan, IActorRef pool, StatementBook book)
    {
        (_plan, _pool, _book) = (plan, pool, book);
        (_shelf, _asked) = (new(plan), new(pool, Self));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    // Those that close already count.
    private bool Owes => _wanted is { } wanted && wanted.Count > _closing.Count;

    private TimeSpan LineLimit => _plan.Gateway.Timeouts.QueryWait ?? _plan.User.Pool.AcquireTimeout;

    /// <summary>How to make one.</summary>
    internal static Props For(LinkPlan plan, IActorRef pool, StatementBook book) => Props.Create(() => new ShareActor(plan, pool, book));

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
        Timers.StartPeriodicTimer(nameof(LookAtHouse), LookAtHouse.Instance, HouseLook);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ShareCommands.WantLink want: OnWant(want.Client); break;
            case ShareCommands.LinkReturned back: OnReturned(back.Link, back.Condition); break;
            case ShareCommands.LeaveLine leave: _line.Leave(leave.Client); break;
            case ShareCommands.Greet greet: OnGreet(greet); break;
            case LinkEvents.Opened opened: OnOpened(opened.Link); break;
            case LinkEvents.Cleaned cleaned: OnFree(cleaned.Link); break;
            case LinkEvents.OpenFailed failed: OnOpenFailed(failed); break;
            case LinkEvents.Closed closed: OnClosed(closed); break;
            case SlotLent lent: OnSlot(lent); break;
            case SlotRefused refused when _asked.Answered(refused.Request): OnRefused(refused.Failure); break;
            // It was withdrawn.
            case SlotRefused: break;
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
                _wanted = wanted;
                GiveIdleBack();
                break;
            case SlotsOutdated outdated:
                _shelf.Outdate(outdated.Reason);
                CloseOutdated();
                break;
            case SlotRevoked revoked: OnRevoked(revoked); break;
            case ShareCommands.Stop:
                _stopping = true;
                RefuseAll(new BrokerStopping("the gateway"));
                _shelf.Outdate(CloseReason.Stopping);
                CloseOutdated();
                break;
            case Terminated { ActorRef: var dead } when dead.Equals(_pool):
                RefuseAll(new ConnectionLost(_plan.Pool, "its pool ended"));
                Context.Stop(Self);
                break;
            case Terminated { ActorRef: var dead }: OnLinkDied(dead); break;
            default: Unhandled(message); break;
        }
    }

    private void OnWant(IActorRef client)
    {
        if (_stopping)
        {
            client.Tell(new Refused(new BrokerStopping("the gateway")), ActorRefs.NoSender);
            return;
        }
        if (_line.Count == 0 && _shelf.TakeIdle() is { } link)
        {
            Lend(link, client);
            return;
        }
        _line.Enter(client, _plan.Time.GetTimestamp());
        AskForSlots();
        WatchLine();
    }

    private void OnReturned(WireLink link, LinkCondition condition)
    {
        link.Borrower = null;
        switch (condition)
        {
            case LinkCondition.Clean:
                OnFree(link);
                break;
            case LinkCondition.Dirty or LinkCondition.Abandoned:
                link.Phase = LinkPhase.Cleaning;
                link.Actor.Tell(new LinkCommands.Clean(Discard: true), ActorRefs.NoSender);
                break;
            case LinkCondition.Broken:
                Close(link, CloseReason.Broken);
                break;
        }
    }

    private void OnFree(WireLink link)
    {
        if (_shelf.ReasonToEnd(link) is { } reason)
        {
            Close(link, reason);
        }
        else if (Owes && (_line.First is { } first ? _wanted!.Since <= first.Since : _wanted!.Since < long.MaxValue))
        {
            Close(link, CloseReason.Yielded);
        }
        else if (_line.Count > 0)
        {
            Lend(link, _line.TakeFirst().Client);
        }
        else
        {
            link.Phase = LinkPhase.Idle;
            _shelf.PutIdle(link);
        }
    }

    private static void Lend(WireLink link, IActorRef client)
    {
        (link.Phase, link.Borrower) = (LinkPhase.Lent, client);
        client.Tell(new LinkLent(link), ActorRefs.NoSender);
        link.Channel.GiveTo(client);
    }

    private void OnGreet(ShareCommands.Greet greet)
    {
        _shown = greet.Shown ?? _shown;
        if (_greeting is { } greeting)
        {
            Sender.Tell(greeting, ActorRefs.NoSender);
            return;
        }
        _greeted.Add(Sender);
        AskForSlots();
        WatchLine();
    }

    /// <summary>As many as wait and are not on their way.</summary>
    private void AskForSlots()
    {
        var needed = Math.Max(_line.Count, _greeted.Count > 0 && _shelf.Count == 0 ? 1 : 0);
        for (var missing = needed - _asked.Count - _shelf.Connecting; missing > 0; missing--)
        {
            _asked.Ask();
        }
    }

    private void WithdrawNeedless()
    {
        while (_asked.Count + _shelf.Connecting > _line.Count && _asked.Count > 0 && _greeted.Count == 0)
        {
            _asked.Withdraw();
        }
    }

    private void OnSlot(SlotLent lent)
    {
        if (!_asked.Answered(lent.Request) || _stopping)
        {
            GiveBack(new ReturnSlot(lent.Lease, CloseReason.Yielded, Clean: true));
            return;
        }
        var link = Context.ActorOf(WireLinkActor.For(_plan, lent, _shown, _book).WithDispatcher(Context.Dispatcher.Id));
        Context.Watch(link);
        _shelf.Connects(lent.Lease, link);
    }

    private void OnOpened(WireLink link)
    {
        _lastFailure = null;
        _pool.Tell(new NameSlot(link.Slot, link.Backend));
        _shelf.Opened(link);
        _greeting = new(link.Defaults.ToImmutableDictionary());
        foreach (var client in _greeted)
        {
            client.Tell(_greeting, ActorRefs.NoSender);
        }
        _greeted.Clear();
        OnFree(link);
    }

    private void OnOpenFailed(LinkEvents.OpenFailed failed)
    {
        Forget(failed.Slot);
        _lastFailure = failed.Failure;
        GiveBack(new ReturnSlot(failed.Slot, CloseReason.Broken, Clean: failed.LeftBehind is null) { ConnectFailure = failed.Failure, LeftBehind = failed.LeftBehind });
        if (!failed.Failure.IsTransient)
        {
            RefuseUnserved(failed.Failure);
        }
        AskForSlots();
    }

    private void OnClosed(LinkEvents.Closed closed)
    {
        Forget(closed.Link.Slot);
        GiveBack(new ReturnSlot(closed.Link.Slot, closed.Reason, closed.Clean));
        AskForSlots();
    }

    private void OnLinkDied(IActorRef actor)
    {
        if (_shelf.SlotOf(actor) is not { } slot)
        {
            return;
        }
        _log.Error("A link of pool {Pool} died unforeseen", _plan.Pool);
        _shelf.Forget(slot);
        GiveBack(new ReturnSlot(slot, CloseReason.Broken, Clean: false));
        AskForSlots();
    }

    private void OnRevoked(SlotRevoked revoked)
    {
        if (_shelf.ActorOf(revoked.Lease) is not { } actor)
        {
            return;
        }
        _log.Warning("Slot {Lease} of pool {Pool} is taken back: {Reason}", revoked.Lease, _plan.Pool, revoked.Reason);
        if (_shelf.TakeOut(revoked.Lease) is { Borrower: { } borrower } lent)
        {
            borrower.Tell(new LinkRecalled(lent, revoked.Reason), ActorRefs.NoSender);
        }
        else
        {
            actor.Tell(new LinkCommands.Close(CloseReason.HolderLost), ActorRefs.NoSender);
        }
    }

    private void OnRefused(Failure failure)
    {
        _lastFailure = failure;
        RefuseUnserved(failure);
    }

    private void OnLookAtLine()
    {
        while (_line.First is { } first && _plan.Time.GetElapsedTime(first.Since) >= LineLimit)
        {
            var waited = _plan.Time.GetElapsedTime(first.Since);
            var failure = _shelf.Count == 0 && _lastFailure is { } last ? last : new PoolExhausted(
                _plan.Pool, _shelf.Count, _plan.User.Pool.Limit ?? -1, _line.Count, waited, waited, _lastFailure?.Message);
            _line.TakeFirst().Client.Tell(new Refused(failure), ActorRefs.NoSender);
        }
        WithdrawNeedless();
        WatchLine();
    }

    private void WatchLine()
    {
        if (_line.Count > 0 && !Timers.IsTimerActive(nameof(LookAtLine)))
        {
            Timers.StartSingleTimer(nameof(LookAtLine), LookAtLine.Instance, LineLook);
        }
    }

    private void OnLookAtHouse()
    {
        foreach (var link in _shelf.TakeStale(_line.Count == 0))
        {
            Close(link, _shelf.ReasonToEnd(link) ?? CloseReason.IdleTimeout);
        }
        GiveIdleBack();
        WithdrawNeedless();
    }

    // Where others could merely use what lies idle here, one that was used a moment ago is kept.
    private void GiveIdleBack()
    {
        var warmth = _wanted is { Since: long.MaxValue } ? Warmth : TimeSpan.Zero;
        while (Owes && _shelf.TakeIdle(warmth) is { } link)
        {
            Close(link, CloseReason.Yielded);
        }
    }

    /// <summary>Tells the pool that a slot is free, which both sides count.</summary>
    private void GiveBack(ReturnSlot slot)
    {
        _pool.Tell(slot);
        _closing.Remove(slot.Lease);
        _wanted = _wanted is { Count: > 0 } wanted ? wanted with { Count = wanted.Count - 1 } : _wanted;
    }

    private void CloseOutdated()
    {
        foreach (var link in _shelf.TakeOutdated())
        {
            Close(link, _shelf.ReasonToEnd(link)!.Value);
        }
    }

    private void Close(WireLink link, CloseReason reason)
    {
        _closing.Add(link.Slot);
        link.Phase = LinkPhase.Closing;
        link.Actor.Tell(new LinkCommands.Close(reason), ActorRefs.NoSender);
    }

    private void Forget(LeaseId slot)
    {
        if (_shelf.ActorOf(slot) is { } actor)
        {
            Context.Unwatch(actor);
        }
        _shelf.Forget(slot);
    }

    private void RefuseUnserved(Failure failure)
    {
        if (_shelf.Count == 0)
        {
            RefuseAll(failure);
        }
    }

    private void RefuseAll(Failure failure)
    {
        var refused = new Refused(failure);
        while (_line.Count > 0)
        {
            _line.TakeFirst().Client.Tell(refused, ActorRefs.NoSender);
        }
        foreach (var client in _greeted)
        {
            client.Tell(refused, ActorRefs.NoSender);
        }
        _greeted.Clear();
        WithdrawNeedless();
    }
}
