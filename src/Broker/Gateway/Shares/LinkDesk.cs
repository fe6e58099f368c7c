using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.Leases;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Shares;

/// <summary>
/// The links of a share and the slots that they are in: makes them, ends them, and tells the pool of each, in the order in which it
/// happens. Mutable, and owned by the share's actor.
/// </summary>
internal sealed class LinkDesk
{
    // Where others could merely use what lies idle here, one that was used a moment ago is kept.
    private static readonly TimeSpan Warmth = TimeSpan.FromMilliseconds(100);

    private readonly IActorRef _pool;
    private readonly StatementBook _book;
    private readonly IActorContext _context;
    private readonly HashSet<LeaseId> _closing = [];
    private readonly ILoggingAdapter _log;
    private SlotsWanted? _wanted;

    /// <param name="plan">How links are opened.</param>
    /// <param name="pool">Whose slots they are in.</param>
    /// <param name="book">The prepared texts of the share.</param>
    /// <param name="context">That of the share's actor, which hears of the links' deaths.</param>
    internal LinkDesk(LinkPlan plan, IActorRef pool, StatementBook book, IActorContext context) =>
        (Plan, _pool, _book, _context, _log, Shelf) = (plan, pool, book, context, context.GetLogger(), new(plan));

    /// <summary>How they are opened and kept.</summary>
    internal LinkPlan Plan { get; private set; }

    /// <summary>Which there are.</summary>
    internal LinkShelf Shelf { get; }

    // Those that close already count.
    private bool Owes => _wanted is { } wanted && wanted.Count > _closing.Count;

    /// <summary>Links are opened and kept by another plan from now on.</summary>
    internal void Follow(LinkPlan plan)
    {
        Plan = plan with { Telemetry = Plan.Telemetry };
        Shelf.Follow(Plan);
    }

    /// <summary>Fills a slot.</summary>
    internal void Open(SlotLent slot, Credential? shown)
    {
        var link = _context.ActorOf(WireLinkActor.For(Plan, slot, shown, _book).WithDispatcher(_context.Dispatcher.Id));
        _context.Watch(link);
        Shelf.Connects(slot.Lease, link);
    }

    /// <summary>A slot is not needed any more, and was never filled.</summary>
    internal void Decline(SlotLent slot) => GiveBack(new(slot.Lease, CloseReason.Yielded, Clean: true));

    /// <summary>A link is open.</summary>
    internal void Opened(WireLink link)
    {
        _pool.Tell(new NameSlot(link.Slot, link.Backend));
        Shelf.Opened(link);
    }

    /// <summary>A link could not be opened.</summary>
    internal void OpenFailed(LinkEvents.OpenFailed failed)
    {
        Forget(failed.Slot);
        GiveBack(new(failed.Slot, CloseReason.Broken,
            Clean: failed.LeftBehind is null) { ConnectFailure = failed.Failure, LeftBehind = failed.LeftBehind });
    }

    /// <summary>A link is closed.</summary>
    internal void Closed(LinkEvents.Closed closed)
    {
        Forget(closed.Link.Slot);
        GiveBack(new(closed.Link.Slot, closed.Reason, closed.Clean));
    }

    /// <summary>A link's actor died without a word, if it is one.</summary>
    internal void Died(IActorRef actor)
    {
        if (Shelf.SlotOf(actor) is not { } slot)
        {
            return;
        }
        _log.Error("A link of pool {Pool} died unforeseen", Plan.Pool);
        Shelf.Forget(slot);
        GiveBack(new(slot, CloseReason.Broken, Clean: false));
    }

    /// <summary>The pool takes a slot back, whoever uses it.</summary>
    internal void Revoked(SlotRevoked revoked)
    {
        if (Shelf.ActorOf(revoked.Lease) is not { } actor)
        {
            return;
        }
        _log.Warning("Slot {Lease} of pool {Pool} is taken back: {Reason}", revoked.Lease, Plan.Pool, revoked.Reason);
        if (Shelf.TakeOut(revoked.Lease) is { Borrower: { } borrower } lent)
        {
            borrower.Tell(new LinkRecalled(lent, revoked.Reason), ActorRefs.NoSender);
        }
        else
        {
            actor.Tell(new LinkCommands.Close(CloseReason.HolderLost), ActorRefs.NoSender);
        }
    }

    /// <summary>Others need slots.</summary>
    internal void Wanted(SlotsWanted wanted)
    {
        _wanted = wanted;
        GiveIdleBack();
    }

    /// <summary>All that there are end when they come free; those that are free, now.</summary>
    internal void Outdate(CloseReason reason)
    {
        Shelf.Outdate(reason);
        foreach (var link in Shelf.TakeOutdated())
        {
            Close(link, Shelf.ReasonToEnd(link)!.Value);
        }
    }

    /// <summary>Why a link that comes free ends; null when it stays.</summary>
    /// <param name="link">Which.</param>
    /// <param name="waiting">Since when the first here waits for one; null when nobody does.</param>
    internal CloseReason? ReasonToEnd(WireLink link, long? waiting) => Shelf.ReasonToEnd(link)
        ?? (Owes && (waiting is { } since ? _wanted!.Since <= since : _wanted!.Since < long.MaxValue) ? CloseReason.Yielded : null);

    /// <summary>Ends links that are too old, or idle for too long.</summary>
    /// <param name="quiet">Whether nobody waits for one.</param>
    internal void KeepHouse(bool quiet)
    {
        foreach (var link in Shelf.TakeStale(quiet))
        {
            Close(link, Shelf.ReasonToEnd(link) ?? CloseReason.IdleTimeout);
        }
        GiveIdleBack();
    }

    /// <summary>
    /// Takes the idle one that was used last; null when there is none. One whose server has said something that nobody has heard is heard
    /// first: it may be its end, and who is lent a link that has ended is told so, though it had nothing to do with it.
    /// </summary>
    internal WireLink? TakeIdle()
    {
        while (Shelf.TakeIdle() is { } link)
        {
            if (!link.Channel.IsReadable)
            {
                return link;
            }
            Clean(link, discard: false);
        }
        return null;
    }

    /// <summary>Has a link that nobody has made fit for the next.</summary>
    /// <param name="link">Which.</param>
    /// <param name="discard">Whether its session may hold what its last user left in it.</param>
    internal static void Clean(WireLink link, bool discard)
    {
        link.Phase = LinkPhase.Cleaning;
        link.Actor.Tell(new LinkCommands.Clean(discard), ActorRefs.NoSender);
    }

    /// <summary>Ends a link that nobody has.</summary>
    internal void Close(WireLink link, CloseReason reason)
    {
        _closing.Add(link.Slot);
        link.Phase = LinkPhase.Closing;
        link.Actor.Tell(new LinkCommands.Close(reason), ActorRefs.NoSender);
    }

    private void GiveIdleBack()
    {
        var warmth = _wanted is { Since: long.MaxValue } ? Warmth : TimeSpan.Zero;
        while (Owes && Shelf.TakeIdle(warmth) is { } link)
        {
            Close(link, CloseReason.Yielded);
        }
    }

    // Both sides count it.
    private void GiveBack(ReturnSlot slot)
    {
        _pool.Tell(slot);
        _closing.Remove(slot.Lease);
        _wanted = _wanted is { Count: > 0 } wanted ? wanted with { Count = wanted.Count - 1 } : _wanted;
    }

    private void Forget(LeaseId slot)
    {
        if (Shelf.ActorOf(slot) is { } actor)
        {
            _context.Unwatch(actor);
        }
        Shelf.Forget(slot);
    }
}
