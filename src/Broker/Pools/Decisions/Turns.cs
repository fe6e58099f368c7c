namespace Broker.Pools.Decisions;

/// <summary>Whose turn it is: of all who wait for something of the pool, whatever it is, the one that came first.</summary>
/// <param name="Since">Since when it waits.</param>
/// <param name="Number">Its place among those that came at the same moment; errands have none and come last.</param>
internal readonly record struct Turn(TimeSpan Since, long Number) : IComparable<Turn>
{
    internal static readonly Turn Never = new(Moment.Never, long.MaxValue);

    internal static Turn Of(Waiter waiter) => new(waiter.Since, waiter.Id.Number);

    internal static Turn Of(ErrandDemand errands) => new(errands.Oldest, long.MaxValue);

    internal bool IsBefore(Turn other) => CompareTo(other) < 0;

    /// <inheritdoc/>
    public int CompareTo(Turn other)
    {
        var bySince = Since.CompareTo(other.Since);
        return bySince != 0 ? bySince : Number.CompareTo(other.Number);
    }
}

internal static class Turns
{
    /// <summary>Those whom a connection of the pool's can serve, the oldest first; of errands, as many as could use one.</summary>
    internal static IEnumerable<Turn> TurnsOfConnections(this PoolState state)
    {
        var errands = Turn.Of(state.Errands);
        var left = state.Errands.Wanted;
        foreach (var waiter in state.Line.All)
        {
            var turn = Turn.Of(waiter);
            for (; left > 0 && errands.IsBefore(turn); left--)
            {
                yield return errands;
            }

            yield return turn;
        }

        for (; left > 0; left--)
        {
            yield return errands;
        }
    }

    internal static bool NobodyWaits(this PoolState state) => state.Line.IsEmpty && state.LinkLine.IsEmpty && state.Errands.Wanted == 0;

    /// <summary>How many requests stand in line, for leases and for links.</summary>
    internal static int Requests(this PoolState state) => state.Line.Count + state.LinkLine.Count;

    /// <summary>Since when the oldest of these requests waits; never, when there is none.</summary>
    internal static TimeSpan OldestRequest(this PoolState state) =>
        Moment.Earlier(state.Line.First?.Since ?? Moment.Never, state.LinkLine.First?.Since ?? Moment.Never);

    /// <summary>Connections that serve one of these each: they are there, or on their way.</summary>
    internal static int ConnectionsComing(this PoolState state) =>
        state.Slots.Counts.Opening + state.Slots.Counts.Free - state.Doubtful();

    /// <summary>Whether the next permit is a link's: it has waited longer than whoever needs a connection that is not on its way.</summary>
    internal static bool IsTurnOfLink(this PoolState state, out Waiter waiter)
    {
        waiter = state.LinkLine.First!;
        return waiter is not null && (state.ConnectionsWanted() == 0 || Turn.Of(waiter).IsBefore(state.TurnOfNextConnection()));
    }

    /// <summary>The oldest to whom no connection is on its way. One that is opened to be held ready has no turn before others.</summary>
    private static Turn TurnOfNextConnection(this PoolState state)
    {
        var before = state.ConnectionsComing();
        foreach (var turn in state.TurnsOfConnections())
        {
            if (before-- <= 0)
            {
                return turn;
            }
        }

        return Turn.Never;
    }
}
