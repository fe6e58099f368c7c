using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>What becomes of a connection that nobody has any more.</summary>
internal static class Returns
{
    /// <summary>A lease is over. A return of an earlier lease is late, and changes nothing.</summary>
    internal static Step Returned(this Step step, ConnectionId id, LeaseId lease)
    {
        if (step.State.Slots.Find(id) is not { Lending: { } lending } slot || lending.Lease != lease)
        {
            return step;
        }

        step = step.Do(new PoolEffects.LeaseEnded(lease, step.Now - lending.Since));
        slot = slot with { Lending = null };
        return slot.Phase == SlotPhase.Lent
            ? step.Settle(slot with { LastAliveAt = step.Now })
            : step.Put(slot).Do(new PoolEffects.Close(id, CloseReason.Detached));
    }

    internal static Step TripEnded(this Step step, ConnectionId id) =>
        step.State.Slots.Find(id) is { Phase: SlotPhase.Busy } slot
            ? step.Settle(slot with { LastAliveAt = step.Now, ProvenIn = step.State.Suspicion })
            : step;

    /// <summary>A connection has become free: it is kept for the next user, or it ends here.</summary>
    internal static Step Settle(this Step step, Slot slot, bool used = true)
    {
        if (step.State.ReasonToEnd(slot, step.Now) is { } reason)
        {
            return step.Close(slot, reason);
        }

        var state = step.State;
        var settings = state.Settings;
        slot = slot with
        {
            Phase = SlotPhase.Idle,
            Since = step.Now,
            LastUsedAt = used ? step.Now : slot.LastUsedAt,
            PingAt = step.Now.After(settings.Keepalive),
            IdleStamp = used ? state.LastIdleStamp + 1 : slot.IdleStamp,
        };
        return step
            .With(state with { LastIdleStamp = state.LastIdleStamp + (used ? 1 : 0), Slots = state.Slots.Put(slot) })
            .WakeBy(state.NextLookAt(slot, step.Now));
    }

    private static CloseReason? ReasonToEnd(this PoolState state, Slot slot, TimeSpan now) =>
        state.Stopping ? CloseReason.Stopping
        : slot.Generation < state.Generation ? CloseReason.Invalidated
        : slot.ExpiresAt <= now ? CloseReason.Recycled
        : state.Owed > 0 && !slot.Reserve ? CloseReason.Yielded
        : slot.Used && !state.Settings.Reuses() ? CloseReason.Overflow
        : !slot.Reserve && state.OverLimit() > 0 ? CloseReason.Overflow
        : state.IsSurplus(slot) ? CloseReason.Overflow
        : null;

    /// <summary>
    /// Whether nobody waits and `size` connections are idle without this one. What counts is who is idle, not who is out: to close one of
    /// 15 at every return while 14 are in use would open it again a moment later.
    /// </summary>
    private static bool IsSurplus(this PoolState state, Slot slot) =>
        !slot.Reserve && state.Line.IsEmpty && state.Errands.Wanted == 0
        && state.Slots.Counts.Free - (slot.Phase == SlotPhase.Pinging ? 1 : 0) >= state.Settings.KeptIdle();
}
