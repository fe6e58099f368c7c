using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Connections;
using Broker.Gateway.Links;

namespace Broker.Gateway.Shares;

/// <summary>
/// The links of a share: which there are, which are idle, and which have to end. The one that was used last is lent next, so that those
/// that are not needed grow old. Owned by one actor.
/// </summary>
internal sealed class LinkShelf
{
    private readonly Dictionary<LeaseId, Entry> _all = [];
    private readonly Dictionary<IActorRef, LeaseId> _byActor = [];
    private readonly List<Entry> _idle = [];
    private LinkPlan _plan;
    private int _open;

    internal LinkShelf(LinkPlan plan) => _plan = plan;

    /// <summary>How many are open.</summary>
    internal int Count => _open;

    /// <summary>How many connect.</summary>
    internal int Connecting => _all.Count - _open;

    /// <summary>Links are kept by another plan from now on.</summary>
    internal void Follow(LinkPlan plan) => _plan = plan;

    /// <summary>A link's actor has begun to connect.</summary>
    internal void Connects(LeaseId slot, IActorRef actor)
    {
        _all.Add(slot, new(actor));
        _byActor.Add(actor, slot);
    }

    /// <summary>It is open.</summary>
    internal void Opened(WireLink link)
    {
        var entry = _all[link.Slot];
        entry.Link = link;
        // A little earlier or later than the others, so that not all end at once.
        entry.Lifetime = _plan.User.Pool.RecycleAfter * (1 - (_plan.User.Pool.RecycleJitter * Random.Shared.NextDouble()));
        _open++;
    }

    /// <summary>It is free, and nobody wants it now.</summary>
    internal void PutIdle(WireLink link)
    {
        var entry = _all[link.Slot];
        entry.IdleSince = _plan.Time.GetTimestamp();
        _idle.Add(entry);
    }

    /// <summary>
    /// Takes the idle one that was used last; null when there is none. One that has died is passed over, though its actor's word of it is
    /// not here yet.
    /// </summary>
    internal WireLink? TakeIdle()
    {
        while (_idle.Count > 0)
        {
            var entry = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            if (entry.Link is { Phase: not LinkPhase.Closing } link)
            {
                return link;
            }
        }
        return null;
    }

    /// <summary>Takes the one that is idle longest, if it is idle for so long.</summary>
    internal WireLink? TakeIdle(TimeSpan atLeast)
    {
        if (_idle.Count == 0 || _plan.Time.GetElapsedTime(_idle[0].IdleSince) < atLeast)
        {
            return null;
        }
        var entry = _idle[0];
        _idle.RemoveAt(0);
        return entry.Link;
    }

    /// <summary>Takes the idle ones that have to end, and, when nobody waits, those that were idle too long.</summary>
    internal List<WireLink> TakeStale(bool quiet)
    {
        var limit = quiet ? _plan.User.Pool.IdleTimeout : null;
        var kept = _plan.User.Pool.MinIdle;
        return Take((entry, left) => entry.Outdated is not null
            || IsTooOld(entry)
            || (left > kept && limit is { } most && _plan.Time.GetElapsedTime(entry.IdleSince) >= most));
    }

    /// <summary>Takes the idle ones that have to end.</summary>
    internal List<WireLink> TakeOutdated() => Take(static (entry, _) => entry.Outdated is not null);

    /// <summary>One has to end, whatever it does: it is idle no longer. The link; null when it is not open.</summary>
    internal WireLink? TakeOut(LeaseId slot)
    {
        if (!_all.TryGetValue(slot, out var entry))
        {
            return null;
        }
        _idle.Remove(entry);
        entry.Outdated = CloseReason.HolderLost;
        return entry.Link;
    }

    /// <summary>All that there are end when they come free.</summary>
    internal void Outdate(CloseReason reason)
    {
        foreach (var entry in _all.Values)
        {
            entry.Outdated ??= reason;
        }
    }

    /// <summary>Why a link that comes free ends; null when it does not.</summary>
    internal CloseReason? ReasonToEnd(WireLink link) => !_all.TryGetValue(link.Slot, out var entry) ? CloseReason.Broken
        : entry.Outdated ?? (IsTooOld(entry) ? CloseReason.Recycled : null);

    /// <summary>The slot of a link's actor.</summary>
    internal LeaseId? SlotOf(IActorRef actor) => _byActor.TryGetValue(actor, out var slot) ? slot : null;

    /// <summary>The one that a client has; null when it has none.</summary>
    internal WireLink? LentTo(IActorRef client) =>
        _all.Values.FirstOrDefault(entry => entry.Link is { Phase: LinkPhase.Lent, Borrower: { } borrower }
            && borrower.Equals(client))?.Link;

    /// <summary>The actor of the link in a slot.</summary>
    internal IActorRef? ActorOf(LeaseId slot) => _all.GetValueOrDefault(slot)?.Actor;

    /// <summary>There is nothing in the slot any more.</summary>
    internal void Forget(LeaseId slot)
    {
        if (!_all.Remove(slot, out var entry))
        {
            return;
        }
        _byActor.Remove(entry.Actor);
        _idle.Remove(entry);
        _open -= entry.Link is null ? 0 : 1;
    }

    private List<WireLink> Take(Func<Entry, int, bool> which)
    {
        var taken = new List<WireLink>();
        for (var i = 0; i < _idle.Count;)
        {
            if (!which(_idle[i], _idle.Count))
            {
                i++;
                continue;
            }
            taken.Add(_idle[i].Link!);
            _idle.RemoveAt(i);
        }
        return taken;
    }

    private bool IsTooOld(Entry entry) =>
        entry is { Lifetime: { } lifetime, Link: { } link } && _plan.Time.GetElapsedTime(link.OpenedAt) >= lifetime;

    private sealed class Entry(IActorRef actor)
    {
        internal IActorRef Actor => actor;

        internal WireLink? Link { get; set; }

        internal TimeSpan? Lifetime { get; set; }

        internal long IdleSince { get; set; }

        internal CloseReason? Outdated { get; set; }
    }
}
