using Broker.Client.Protocol.Failures;
using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>How a pool ends.</summary>
internal static class Stopping
{
    internal static Step Stop(this Step step, bool drain)
    {
        var failure = new BrokerStopping($"pool {step.State.Pool}");
        step = step
            .With(step.State with { Stopping = true })
            .RefuseAll(failure)
            .RefuseAllLinks(failure)
            .Do(new PoolEffects.RefuseErrands(failure));
        step = drain ? step.OutdateLinks(CloseReason.Stopping) : step;
        foreach (var slot in step.State.Slots.All)
        {
            step = slot.Phase switch
            {
                SlotPhase.Opening or SlotPhase.Idle or SlotPhase.Pinging => step.Close(slot, CloseReason.Stopping),
                SlotPhase.Lent when !drain => step.Revoke(slot, "the broker is stopping"),
                SlotPhase.Busy when !drain => step.Do(new PoolEffects.CutShort(slot.Id)),
                SlotPhase.Lent or SlotPhase.Busy or SlotPhase.Closing or SlotPhase.Detached => step,
            };
        }

        return step;
    }

    /// <summary>Says once that the last connection is gone. Those detached are no longer the pool's.</summary>
    internal static Step SayStopped(this Step step)
    {
        var slots = step.State.Slots;
        return step.State.Stopping && !step.State.Stopped && slots.Count == slots.Counts.Detached
            ? step.With(step.State with { Stopped = true }).Do(PoolEffects.Stopped.Instance)
            : step;
    }
}
