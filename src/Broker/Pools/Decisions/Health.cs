using Broker.Client.Protocol;

namespace Broker.Pools.Decisions;

/// <summary>Which connections are believed to be alive, and how they are proven so.</summary>
internal static class Health
{
    // Between a ping's answer and the trip that it was asked for, a message passes: without this a pool that always pings would do nothing
    // else.
    private static readonly TimeSpan JustPinged = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Whether a connection must answer a ping before its next use. One that answered a moment ago need not, so neither need a new one.
    /// </summary>
    internal static bool NeedsPing(this PoolState state, Slot slot, TimeSpan now) =>
        slot.ProvenIn < state.Suspicion
        || (state.Settings.Ping && slot.LastAliveAt < now - state.Settings.PingBypass && !slot.WasPingedForThis(now));

    private static bool WasPingedForThis(this Slot slot, TimeSpan now) =>
        slot.PingedAt >= slot.LastUsedAt && slot.PingedAt >= now - JustPinged;

    internal static Step Ping(this Step step, Slot slot) => step
        .Put(slot with { Phase = SlotPhase.Pinging, Since = step.Now })
        .Do(new PoolEffects.Ping(slot.Id));

    internal static Step Pinged(this Step step, ConnectionId id)
    {
        if (step.State.Slots.Find(id) is not { Phase: SlotPhase.Pinging } slot)
        {
            return step;
        }

        var heldBack = step.State.Settings.Keepalive is not null && step.State.Slots.Counts.Pinging >= step.State.Settings.KeepaliveLimit;
        step = step.Settle(slot with { LastAliveAt = step.Now, PingedAt = step.Now, ProvenIn = step.State.Suspicion }, used: false);
        return heldBack ? step.WakeBy(step.Now) : step;
    }

    /// <summary>
    /// A holder saw its connection break: the siblings are not to be lent before they are proven, even before it is returned.
    /// </summary>
    internal static Step LeaseBroke(this Step step, LeaseId lease) => step.State.LentAs(lease) is { } slot
        ? step.Put(slot with { Generation = Slot.Doomed }).SuspectSiblings(slot)
        : step;

    /// <summary>
    /// One connection broke; it is replaced alone. What broke it may have broken all, so its siblings are proven before their next use, and
    /// the idle ones at once, together: nobody should find the dead one by one. Only the break of a connection that was proven since the
    /// last one says anything new, so when all of them die, that is one suspicion, not as many as there were connections.
    /// </summary>
    internal static Step SuspectSiblings(this Step step, Slot broken)
    {
        if (broken.Phase == SlotPhase.Opening || broken.ProvenIn < step.State.Suspicion || step.State.Stopping)
        {
            return step;
        }

        step = step.With(step.State with { Suspicion = step.State.Suspicion + 1 });
        foreach (var sibling in step.State.Slots.IdleInOrder)
        {
            step = step.Ping(sibling);
        }

        return step;
    }
}
