using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;

namespace Broker.Pools.Decisions;

/// <summary>How a pool is, derived from its state alone.</summary>
internal static class Statuses
{
    /// <param name="state">The pool.</param>
    /// <param name="waitingErrands">Errands in line, which the pool does not count.</param>
    /// <param name="holders">How many leases are listed at most, oldest first.</param>
    /// <param name="now">The present moment.</param>
    internal static PoolStatus Status(this PoolState state, int waitingErrands, int holders, TimeSpan now)
    {
        var counts = state.Slots.Counts;
        var reserve = state.Slots.Reserve?.Phase;
        var leases = state.Slots.All
            .Where(slot => slot.Phase == SlotPhase.Lent)
            .OrderBy(slot => slot.Lending!.Lease.Number)
            .Take(holders)
            .Select(slot => slot.StatusOfLease(now))
            .ToImmutableArray();
        return new PoolStatus(
            state.Pool, state.Settings.Size, state.Settings.Overflow,
            Opening: counts.Opening + state.Asked + (reserve == SlotPhase.Opening || state.ReserveAsked ? 1 : 0),
            Idle: counts.Free + (reserve is SlotPhase.Idle or SlotPhase.Pinging ? 1 : 0),
            Busy: counts.Busy + (reserve == SlotPhase.Busy ? 1 : 0),
            Lent: counts.Lent,
            Waiting: state.Requests(),
            WaitingErrands: waitingErrands,
            OldestWait: state.Requests() > 0 ? now - state.OldestRequest() : TimeSpan.Zero,
            state.Generation, state.Suspended, state.Connects.LastFailure?.Message, leases);
    }
}
