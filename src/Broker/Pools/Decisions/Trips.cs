using Broker.Client.Protocol;

namespace Broker.Pools.Decisions;

/// <summary>How errands get their connections.</summary>
internal static class Trips
{
    internal static (PoolDecision Decision, ConnectionId? Taken) TakeForTrip(this Step step, TimeSpan oldest)
    {
        var state = step.State;
        Slot? slot = null;
        if (state.Serves && (state.Line.IsEmpty || oldest < state.Line.First!.Since))
        {
            (step, slot) = step.Pick(Math.Max(1, state.Errands.Wanted));
        }

        slot ??= state.Serves && state.Slots.Reserve is { Phase: SlotPhase.Idle } reserve ? reserve : null;
        if (slot is not null)
        {
            return (step.Put(slot with { Phase = SlotPhase.Busy, Since = step.Now, Used = true }), slot.Id);
        }

        return (step.Want(Math.Max(1, state.Errands.Wanted), oldest).Grow(), null);
    }

    /// <summary>Notes what the errand line wants.</summary>
    internal static Step Want(this Step step, int wanted, TimeSpan oldest)
    {
        if (wanted > 0 && step.State.StandingRefusal(step.Now) is { } refusal)
        {
            return step.With(step.State with { Errands = ErrandDemand.None }).Do(new PoolEffects.RefuseErrands(refusal));
        }

        return step.With(step.State with
        {
            Warm = true,
            Errands = wanted <= 0 ? ErrandDemand.None : new ErrandDemand(wanted, oldest),
        });
    }

    internal static Step OfferToErrands(this Step step)
    {
        var slots = step.State.Slots;
        var idle = slots.Counts.Idle > 0 || slots.Reserve is { Phase: SlotPhase.Idle };
        return idle && step.State.Errands.Wanted > 0 && step.State.Serves ? step.Do(PoolEffects.PumpErrands.Instance) : step;
    }
}
