using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>
/// How connections are put out of use for good: by a number, so that nothing can be forgotten and nobody need be waited for.
/// </summary>
internal static class Invalidation
{
    /// <summary>
    /// Idle connections close now, connections in use when they come back, connections being opened when they are open; links when they
    /// come free. Hard: leases end now, and links too.
    /// </summary>
    internal static Step Invalidate(this Step step, bool hard)
    {
        step = step.With(step.State with { Generation = step.State.Generation + 1 }).OutdateLinks(CloseReason.Invalidated);
        foreach (var slot in step.State.Slots.All)
        {
            step = slot.Phase switch
            {
                SlotPhase.Idle or SlotPhase.Pinging => step.Close(slot, CloseReason.Invalidated),
                SlotPhase.Lent when hard => step.Revoke(slot, "the pool was invalidated"),
                SlotPhase.Lent or SlotPhase.Opening or SlotPhase.Busy or SlotPhase.Closing or SlotPhase.Detached => step,
            };
        }

        return step;
    }

    internal static Step InvalidateLease(this Step step, LeaseId lease, bool hard)
    {
        if (step.State.LentAs(lease) is not { } slot)
        {
            return step;
        }

        slot = slot with { Generation = Slot.Doomed };
        return hard ? step.Revoke(slot, "its holder invalidated it") : step.Put(slot);
    }
}
