using System.Collections.Immutable;

namespace Broker.Pools;

/// <summary>
/// The requests that wait for a lease: first come, first served, each until its own deadline. Because the order is that of
/// the ids, a request that has to be put back (its connection died while being lent) stands at its old place again.
/// </summary>
internal sealed class WaitingLine
{
    private readonly ImmutableSortedDictionary<WaiterId, Waiter> _inOrder;
    private readonly ImmutableSortedSet<Due> _byDeadline;
    private readonly ImmutableDictionary<WaiterId, Waiter> _nested;

    private WaitingLine(
        ImmutableSortedDictionary<WaiterId, Waiter> inOrder, ImmutableSortedSet<Due> byDeadline,
        ImmutableDictionary<WaiterId, Waiter> nested,
        int notQueueing)
    {
        _inOrder = inOrder;
        _byDeadline = byDeadline;
        _nested = nested;
        NotQueueing = notQueueing;
    }

    internal static WaitingLine Empty { get; } = new(
        ImmutableSortedDictionary<WaiterId, Waiter>.Empty, [], ImmutableDictionary.Create<WaiterId, Waiter>(), 0);

    internal int Count => _inOrder.Count;

    internal bool IsEmpty => _inOrder.IsEmpty;

    /// <summary>How many of them do not queue.</summary>
    internal int NotQueueing { get; }

    /// <summary>Those in order.</summary>
    internal IEnumerable<Waiter> All => _inOrder.Values;

    /// <summary>Those whose flow holds leases already.</summary>
    internal IEnumerable<Waiter> Nested => _nested.Values;

    /// <summary>The one that has waited longest.</summary>
    internal Waiter? First
    {
        get
        {
            foreach (var entry in _inOrder)
            {
                return entry.Value;
            }

            return null;
        }
    }

    /// <summary>The next deadline; never, when nobody waits.</summary>
    internal TimeSpan NextDeadline => _byDeadline.IsEmpty ? Moment.Never : _byDeadline.Min.Deadline;

    internal Waiter? Find(WaiterId id) => _inOrder.GetValueOrDefault(id);

    /// <summary>One whose deadline has come.</summary>
    internal Waiter? FirstDue(TimeSpan now) => NextDeadline <= now ? _inOrder[_byDeadline.Min.Waiter] : null;

    internal WaitingLine Add(Waiter waiter) => new(
        _inOrder.Add(waiter.Id, waiter),
        _byDeadline.Add(new Due(waiter.Deadline, waiter.Id)),
        waiter.Held.IsEmpty ? _nested : _nested.Add(waiter.Id, waiter),
        NotQueueing + (waiter.Queueing ? 0 : 1));

    internal WaitingLine Remove(Waiter waiter) => new(
        _inOrder.Remove(waiter.Id),
        _byDeadline.Remove(new Due(waiter.Deadline, waiter.Id)),
        waiter.Held.IsEmpty ? _nested : _nested.Remove(waiter.Id),
        NotQueueing - (waiter.Queueing ? 0 : 1));

    private readonly record struct Due(TimeSpan Deadline, WaiterId Waiter) : IComparable<Due>
    {
        public int CompareTo(Due other)
        {
            var byDeadline = Deadline.CompareTo(other.Deadline);
            return byDeadline != 0 ? byDeadline : Waiter.CompareTo(other.Waiter);
        }
    }
}
