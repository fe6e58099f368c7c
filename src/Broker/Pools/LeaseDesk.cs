using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Leases;

namespace Broker.Pools;

/// <summary>
/// Who asked for which lease: the pool's state knows requests by number only, so that it stays a value. Borrowers that want it are watched
/// for as long as they have a request, waiting or lent to. Mutable, and owned by the pool's actor.
/// </summary>
internal sealed class LeaseDesk
{
    private readonly Dictionary<WaiterId, Borrower> _waiting = [];
    private readonly Dictionary<ErrandId, WaiterId> _byRequest = [];
    private readonly Dictionary<LeaseId, WaiterId> _lent = [];
    private readonly Dictionary<IActorRef, int> _watched = [];
    private readonly IActorContext _context;
    private long _last;

    /// <param name="context">That of the pool's actor, which hears of the borrowers' deaths.</param>
    internal LeaseDesk(IActorContext context) => _context = context;

    /// <summary>Who asked, and what for.</summary>
    internal sealed record Borrower(AcquireConnection Request, IActorRef Ref);

    /// <summary>Takes a request in.</summary>
    internal WaiterId Enter(AcquireConnection request, IActorRef borrower)
    {
        var id = new WaiterId(++_last);
        _waiting[id] = new(request, borrower);
        _byRequest[request.Request] = id;
        Watch(request, borrower);
        return id;
    }

    /// <summary>Who has a lease; null when it is over.</summary>
    internal Borrower? HolderOf(LeaseId lease) => _lent.TryGetValue(lease, out var waiter) ? _waiting.GetValueOrDefault(waiter) : null;

    /// <summary>Who asked, by the name it gave.</summary>
    internal string NameOf(WaiterId waiter) => _waiting[waiter].Request.Holder;

    /// <summary>All requests of a borrower that is watched, waiting or lent to.</summary>
    internal ImmutableArray<ErrandId> RequestsOf(IActorRef borrower) =>
        [.. _waiting.Values.Where(other => other.Request.Watched && other.Ref.Equals(borrower)).Select(other => other.Request.Request)];

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
    internal void Refuse(WaiterId waiter, Failure failure) => Leave(waiter)?.Ref.Tell(new Refused(failure));

    /// <summary>
    /// The pool ends: whoever waits is refused, and whoever has a lease, or is being lent one at this moment, hears that it is lost.
    /// </summary>
    internal void EndAll(Failure refusal, Failure loss)
    {
        foreach (var waiter in _lent.Values)
        {
            _waiting[waiter].Ref.Tell(new Refused(loss));
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
            _byRequest.Remove(borrower.Request.Request);
            Unwatch(borrower.Request, borrower.Ref);
        }
        return borrower;
    }

    private void Watch(AcquireConnection request, IActorRef borrower)
    {
        if (request.Watched)
        {
            _watched[borrower] = _watched.GetValueOrDefault(borrower) + 1;
            _context.Watch(borrower);
        }
    }

    // It may have other requests: an actor that returns a lease and asks again at once is heard asking first.
    private void Unwatch(AcquireConnection request, IActorRef borrower)
    {
        if (request.Watched && --_watched[borrower] == 0)
        {
            _watched.Remove(borrower);
            _context.Unwatch(borrower);
        }
    }
}
