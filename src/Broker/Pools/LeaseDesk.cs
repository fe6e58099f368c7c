using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Leases;

namespace Broker.Pools;

/// <summary>
/// Who asked for which lease: the pool's state knows requests by number only, so that it stays a value. Borrowers that want it are watched
/// for as long as they have a request, waiting or lent to, and have a number for as long, by which the state knows who has slots for links.
/// Mutable, and owned by the pool's actor.
/// </summary>
internal sealed class LeaseDesk
{
    private readonly Dictionary<WaiterId, Borrower> _waiting = [];
    private readonly Dictionary<ErrandId, WaiterId> _byRequest = [];
    private readonly Dictionary<LeaseId, WaiterId> _lent = [];
    private readonly Dictionary<IActorRef, Watched> _watched = [];
    private readonly Dictionary<SlotHolder, IActorRef> _numbered = [];
    private readonly IActorContext _context;
    private long _last;
    private long _lastNumber;

    /// <param name="context">That of the pool's actor, which hears of the borrowers' deaths.</param>
    internal LeaseDesk(IActorContext context) => _context = context;

    /// <summary>Who asked, and what for.</summary>
    internal sealed record Borrower(ErrandId Request, IActorRef Ref, string Name, bool Watched)
    {
        /// <summary>Whether a slot for a link was asked for.</summary>
        internal bool ForLink { get; init; }
    }

    private readonly record struct Watched(SlotHolder Number, int Requests);

    /// <summary>Takes a request in.</summary>
    internal WaiterId Enter(AcquireConnection request, IActorRef borrower) =>
        Enter(new(request.Request, borrower, request.Holder, request.Watched));

    /// <summary>Takes a request for a slot in.</summary>
    internal (WaiterId Waiter, SlotHolder Holder) Enter(AcquireSlot request, IActorRef holder) =>
        (Enter(new(request.Request, holder, "gateway", Watched: true) { ForLink = true }), _watched[holder].Number);

    /// <summary>The number of an actor that has a request; null when it has none.</summary>
    internal SlotHolder? NumberOf(IActorRef actor) => _watched.TryGetValue(actor, out var watched) ? watched.Number : null;

    /// <summary>Who has a number; null when it has no request any more.</summary>
    internal IActorRef? Numbered(SlotHolder number) => _numbered.GetValueOrDefault(number);

    private WaiterId Enter(Borrower borrower)
    {
        var id = new WaiterId(++_last);
        _waiting[id] = borrower;
        _byRequest[borrower.Request] = id;
        Watch(borrower);
        return id;
    }

    /// <summary>Who has a lease; null when it is over.</summary>
    internal Borrower? HolderOf(LeaseId lease) => _lent.TryGetValue(lease, out var waiter) ? _waiting.GetValueOrDefault(waiter) : null;

    /// <summary>Who asked, by the name it gave.</summary>
    internal string NameOf(WaiterId waiter) => _waiting[waiter].Name;

    /// <summary>All requests of a borrower that is watched, waiting or lent to.</summary>
    internal ImmutableArray<ErrandId> RequestsOf(IActorRef borrower) =>
        [.. _waiting.Values.Where(other => other.Watched && other.Ref.Equals(borrower)).Select(other => other.Request)];

    /// <summary>The number of a request that is waiting or lent to; null when it is over.</summary>
    internal WaiterId? Of(ErrandId request) => _byRequest.TryGetValue(request, out var id) ? id : null;

    /// <summary>The lease that a request got; null when it has none.</summary>
    internal LeaseId? LeaseOf(WaiterId waiter)
    {
        foreach (var (lease, holder) in _lent)
        {
            if (holder == waiter)
            {
                return lease;
            }
        }
        return null;
    }

    /// <summary>A request got a lease.</summary>
    internal Borrower Lend(WaiterId waiter, LeaseId lease)
    {
        _lent[lease] = waiter;
        return _waiting[waiter];
    }

    /// <summary>The lease came to nothing; its request waits again.</summary>
    internal void Undo(LeaseId lease) => _lent.Remove(lease);

    /// <summary>A request comes to nothing: who asked is told, unless the request is over.</summary>
    internal void Refuse(WaiterId waiter, Failure failure)
    {
        if (Leave(waiter) is { } borrower)
        {
            borrower.Ref.Tell(borrower.ForLink ? new SlotRefused(borrower.Request, failure) : new Refused(failure));
        }
    }

    /// <summary>
    /// The pool ends: whoever waits is refused, and whoever has a lease or a slot, or is being lent one at this moment, hears that it is
    /// lost.
    /// </summary>
    internal void EndAll(Failure refusal, Failure loss)
    {
        foreach (var (lease, waiter) in _lent)
        {
            var borrower = _waiting[waiter];
            borrower.Ref.Tell(borrower.ForLink ? new SlotRevoked(lease, loss.Message) : new Refused(loss));
        }
        foreach (var (waiter, _) in _waiting.Where(w => !_lent.ContainsValue(w.Key)).ToArray())
        {
            Refuse(waiter, refusal);
        }
    }

    /// <summary>A lease is over.</summary>
    internal void End(LeaseId lease)
    {
        if (_lent.Remove(lease, out var waiter))
        {
            Leave(waiter);
        }
    }

    private Borrower? Leave(WaiterId waiter)
    {
        if (_waiting.Remove(waiter, out var borrower))
        {
            _byRequest.Remove(borrower.Request);
            Unwatch(borrower);
        }
        return borrower;
    }

    private void Watch(Borrower borrower)
    {
        if (!borrower.Watched)
        {
            return;
        }
        if (_watched.TryGetValue(borrower.Ref, out var known))
        {
            _watched[borrower.Ref] = known with { Requests = known.Requests + 1 };
            return;
        }
        var number = new SlotHolder(++_lastNumber);
        _watched[borrower.Ref] = new(number, 1);
        _numbered[number] = borrower.Ref;
        _context.Watch(borrower.Ref);
    }

    // It may have other requests: an actor that returns a lease and asks again at once is heard asking first.
    private void Unwatch(Borrower borrower)
    {
        if (!borrower.Watched)
        {
            return;
        }
        var known = _watched[borrower.Ref];
        if (known.Requests > 1)
        {
            _watched[borrower.Ref] = known with { Requests = known.Requests - 1 };
            return;
        }
        _watched.Remove(borrower.Ref);
        _numbered.Remove(known.Number);
        _context.Unwatch(borrower.Ref);
    }
}
