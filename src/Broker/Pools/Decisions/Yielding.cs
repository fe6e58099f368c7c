using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>How a pool gives connections up to other pools of its server.</summary>
internal static class Yielding
{
    // The last connection of a pool with traffic is not closed and opened again for every request.
    private static readonly TimeSpan Warmth = TimeSpan.FromMilliseconds(100);

    /// <summary>Owed to pools below their share: idle ones now, else the next that come back, whoever waits here.</summary>
    internal static Step YieldAsked(this Step step, int count)
    {
        var has = step.State.Slots.Counts.Limited - step.State.Slots.Counts.Closing;
        step = step.With(step.State with { Owed = Math.Min(step.State.Owed + count, has) });
        while (step.State.Owed > 0 && step.State.Slots.OldestIdle is { } idle)
        {
            step = step.Close(idle, CloseReason.Yielded);
        }

        return step;
    }

    /// <summary>
    /// Useful to pools beyond their share: idle ones only, and only while nobody waits here. Closings under way are among those counted.
    /// </summary>
    internal static Step IdleWanted(this Step step, int count) => step
        .With(step.State with { IdleWanted = Math.Max(0, count - step.State.Slots.Counts.Closing) })
        .YieldIdle();

    internal static Step YieldIdle(this Step step)
    {
        while (step.State.IdleWanted > 0 && step.State.NobodyWaits()
            && step.State.Slots.OldestIdle is { } idle && (step.State.Slots.Counts.Idle > 1 || idle.LastUsedAt + Warmth <= step.Now))
        {
            step = step.Close(idle, CloseReason.Yielded);
        }

        return step.State.Slots.OldestIdle is { } warm ? step.WakeBy(step.State.NextLookAt(warm, step.Now)) : step;
    }

    /// <summary>When an idle connection is cold enough to be given up.</summary>
    internal static TimeSpan YieldsAt(this PoolState state, Slot slot) => state.IdleWanted > 0 ? slot.LastUsedAt + Warmth : Moment.Never;
}
