using Broker.Client.Protocol;

namespace Broker.Errands;

/// <summary>
/// The errands of one pool that wait: a queue for each lane, and one for those that share no trip. None waits beyond its deadline. Mutable,
/// and owned by the pool's actor.
/// </summary>
internal sealed class ErrandQueues
{
    /// <summary>The deadline of who waits for ever.</summary>
    internal const long NoDeadline = long.MaxValue;

    private long _nextDeadline = NoDeadline;

    /// <summary>Those that share trips of reads.</summary>
    internal ErrandQueue Reads { get; } = new(TripLane.Reads);

    /// <summary>Those that share trips of writes.</summary>
    internal ErrandQueue Writes { get; } = new(TripLane.Writes);

    /// <summary>Those that travel alone.</summary>
    internal ErrandQueue Alone { get; } = new(TripLane.None);

    /// <summary>How many wait.</summary>
    internal int Waiting => Reads.Count + Writes.Count + Alone.Count;

    /// <summary>The arrival of the errand that has waited longest; null when none waits.</summary>
    internal long? Oldest => Earlier(Earlier(Reads.Oldest?.Arrived, Writes.Oldest?.Arrived), Alone.Oldest?.Arrived);

    /// <summary>The earliest deadline, as a TimeProvider timestamp, perhaps of one that waits no more; null when none waits.</summary>
    internal long? NextDeadline => Waiting == 0 ? null : _nextDeadline;

    /// <summary>Puts an errand in one of the queues.</summary>
    internal void Add(ErrandQueue queue, Errand errand)
    {
        _nextDeadline = Math.Min(_nextDeadline, errand.Deadline);
        queue.Add(errand);
    }

    /// <summary>Puts errands in line again that had no answer: they travel alone, before all that came after them.</summary>
    internal void AddAgain(IEnumerable<Errand> errands)
    {
        foreach (var errand in errands)
        {
            Add(Alone, errand with { RunsAgain = true });
        }
    }

    /// <summary>Takes an errand out; null when it does not wait.</summary>
    internal Errand? Withdraw(ErrandId id) => Reads.Withdraw(id) ?? Writes.Withdraw(id) ?? Alone.Withdraw(id);

    /// <summary>Takes out all that have waited for as long as they may.</summary>
    internal List<Errand> Expire(long now)
    {
        if (now < _nextDeadline)
        {
            return [];
        }
        _nextDeadline = NoDeadline;
        return RemoveAll(errand =>
        {
            if (errand.Deadline <= now)
            {
                return true;
            }
            _nextDeadline = Math.Min(_nextDeadline, errand.Deadline);
            return false;
        });
    }

    /// <summary>Takes out all that wait.</summary>
    internal List<Errand> RemoveAll() => RemoveAll(static _ => true);

    private List<Errand> RemoveAll(Func<Errand, bool> leaves)
    {
        var gone = new List<Errand>();
        Reads.RemoveAll(gone, leaves);
        Writes.RemoveAll(gone, leaves);
        Alone.RemoveAll(gone, leaves);
        return gone;
    }

    private static long? Earlier(long? left, long? right) =>
        left is null ? right : right is null ? left : Math.Min(left.Value, right.Value);
}
