using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Leases;

namespace Broker.Pools;

/// <summary>
/// Who asked for which lease: the pool's state knows requests by number only, so that it stays a value. Mutable, and owned by the pool's actor.
/// </summary>
internal sealed class LeaseDesk
{
    private readonly Dictionary<WaiterId, Borrower> _waiting = [];
    private readonly Dictionary<ErrandId, WaiterId> _byRequest = [];
    private readonly Dictionary<LeaseId, WaiterId> _lent = [];
    private readonly Dictionary<IActorRef, int> _watched = [];
    private long _last;

    /// <summary>Who asked, and what for.</summary>
    internal sealed record Borrower(AcquireConnection Request, IActorRef Ref);

    /// <summary>All who have not been answered yet.</summary>
    internal IEnumerable<IActorRef> Unanswered => _waiting.Where(w => !_lent.ContainsValue(w.Key)).Select(w => w.Value.Ref);

    /// <summary>Takes a request in.</summary>
    internal WaiterId Enter(AcquireConnection request, IActorRef borrower)
    {
        var id = new WaiterId(++_last);
        _waiting[id] = new(request, borrower);
        _byRequest[request.Request] = id;
        CountWatch(request, borrower, 1);
        return id;
    }

    /// <summary>Who has a lease; null when it is over.</summary>
    internal Borrower? HolderOf(LeaseId lease) => _lent.TryGetValue(lease, out var waiter) ? _waiting.GetValueOrDefault(waiter) : null;

    /// <summary>Who asked, by the name it gave.</summary>
    internal string NameOf(WaiterId waiter) => _waiting[waiter].Request.Holder;

    /// <summary>All requests of a borrower that is watched, waiting or lent to.</summary>
    internal ImmutableArray<ErrandId> RequestsOf(IActorRef borrower) =>
        [.. _waiting.Values.Where(other => other.Request.Watched && other.Ref.Equals(borrower)).Select(other => other.Request.Request)];

    /// <summary>Whether a borrower has a request for which it is watched.</summary>
    internal bool IsWatched(IActorRef borrower) => _watched.ContainsKey(borrower);

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

    /// <summary>A request is refused: who asked, or null when it was withdrawn.</summary>
    internal Borrower? Leave(WaiterId waiter)
    {
        if (_waiting.Remove(waiter, out var borrower))
        {
            _byRequest.Remove(borrower.Request.Request);
            CountWatch(borrower.Request, borrower.Ref, -1);
        }
        return borrower;
    }

    /// <summary>A lease is over: who had it, or null when it is unknown.</summary>
    internal Borrower? End(LeaseId lease) => _lent.Remove(lease, out var waiter) ? Leave(waiter) : null;

    private void CountWatch(AcquireConnection request, IActorRef borrower, int change)
    {
        if (!request.Watched)
        {
            return;
        }
        var count = _watched.GetValueOrDefault(borrower) + change;
        if (count > 0)
        {
            _watched[borrower] = count;
        }
        else
        {
            _watched.Remove(borrower);
        }
    }
}
