using Broker.Client.Protocol.Failures;
using Broker.Diagnostics;

namespace Broker.Pools.Decisions;

/// <summary>What the errand line asks of a pool's state.</summary>
internal static class ErrandNeeds
{
    /// <summary>Whether a connection is free that a trip could take, so that it is worth asking for one.</summary>
    internal static bool MayHaveForTrips(this PoolState state) =>
        state.Slots.Counts.Free > 0 || state.Slots.Reserve is { Phase: SlotPhase.Idle } || state.Errands.Wanted == 0;

    /// <summary>
    /// How many connections trips can have at once while others are lent, those included that may still be opened; at least 1.
    /// </summary>
    /// <param name="state">The pool.</param>
    /// <param name="most">How many when none is lent.</param>
    internal static int MostForTrips(this PoolState state, int most) => Math.Max(1, most - state.Slots.Counts.Lent);

    /// <summary>Why an errand got no connection within its limit: connects fail, or the pool is exhausted.</summary>
    /// <param name="state">The pool.</param>
    /// <param name="waiting">Errands in line, this one included.</param>
    /// <param name="oldest">How long the oldest has been waiting.</param>
    /// <param name="waited">How long this one waited.</param>
    internal static Failure WhyNoConnection(this PoolState state, int waiting, TimeSpan oldest, TimeSpan waited)
    {
        var counts = state.Slots.Counts;
        return !state.HasOpen() && state.Connects.LastFailure is { } failure
            ? failure
            : new PoolExhausted(state.Pool, counts.Lent + counts.Busy, state.Settings.Limit ?? -1, waiting, oldest, waited,
                state.Connects.LastFailure?.Message);
    }

    /// <summary>The numbers that are measured.</summary>
    internal static PoolCounts Counts(this PoolState state, int waitingErrands)
    {
        var counts = state.Slots.Counts;
        return new(counts.Opening + state.Asked, counts.Free, counts.Busy, counts.Lent, state.Requests(), waitingErrands);
    }
}
