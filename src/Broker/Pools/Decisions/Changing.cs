using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>
/// How a pool takes settings that were read anew. Nobody who has a connection loses it: what the new settings do not allow ends when it
/// comes back, and what nobody has, now.
/// </summary>
internal static class Changing
{
    /// <summary>The new settings hold from now on.</summary>
    internal static Step Change(this Step step, PoolEvents.SettingsChanged changed)
    {
        step = step.With(step.State with { Settings = changed.Settings });
        // Pauses after failures were the former server's.
        step = changed.Outdates ? step.With(step.State with { Connects = ConnectHistory.None }).Invalidate(hard: false) : step;
        return step.AskForLess().KeepHouseBy().CloseSurplus();
    }

    /// <summary>
    /// The pool moves to another server's budget: what it asked the former for is withdrawn, and what that wanted of it is of no concern
    /// any more. Its permits go back to whom they came from, each with its connection.
    /// </summary>
    internal static Step LeaveBudget(this Step step)
    {
        var state = step.State;
        step = state.Asked > 0 ? step.Do(new PoolEffects.WithdrawPermits(state.Asked, false)) : step;
        step = state.ReserveAsked ? step.Do(new PoolEffects.WithdrawPermits(1, true)) : step;
        return step.With(state with { Asked = 0, ReserveAsked = false, Owed = 0, IdleWanted = 0 });
    }

    /// <summary>
    /// How many connections there are beyond the limit, those left out that are closing. More than none only after it was lowered.
    /// </summary>
    internal static int OverLimit(this PoolState state) =>
        state.Settings.Limit is { } limit ? Math.Max(0, state.Slots.Counts.Limited - state.Slots.Counts.Closing - limit) : 0;

    private static Step AskForLess(this Step step)
    {
        var state = step.State;
        var surplus = state.Settings.Limit is { } limit ? Math.Min(state.Asked, state.Slots.Counts.Limited + state.Asked - limit) : 0;
        return surplus <= 0
            ? step
            : step.With(state with { Asked = state.Asked - surplus }).Do(new PoolEffects.WithdrawPermits(surplus, false));
    }

    /// <summary>Pings of idle connections come due by the new settings, and so does all else that comes with time.</summary>
    private static Step KeepHouseBy(this Step step)
    {
        foreach (var slot in step.State.Slots.IdleInOrder.ToArray())
        {
            step = step.Put(slot with { PingAt = step.Now.After(step.State.Settings.Keepalive) });
        }

        return step.KeepHouse();
    }

    private static Step CloseSurplus(this Step step)
    {
        while (step.State.HasSurplus() && step.State.Slots.OldestIdle is { } idle)
        {
            step = step.Close(idle, CloseReason.Overflow);
        }

        return step;
    }

    private static bool HasSurplus(this PoolState state) =>
        state.OverLimit() > 0 || (state.NobodyWaits() && state.Slots.Counts.Free > state.Settings.KeptIdle());
}
