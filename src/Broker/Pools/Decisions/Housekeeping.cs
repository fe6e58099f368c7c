using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>
/// What comes due with time: deadlines, idle connections, leases. It looks at every slot, which is why it runs by timer only.
/// </summary>
internal static class Housekeeping
{
    // Its permit is from the server's reserve, which other pools may need.
    private static readonly TimeSpan ReserveIdle = TimeSpan.FromSeconds(1);

    internal static Step KeepHouse(this Step step)
    {
        step = step.Serve().RefuseDue().YieldIdle();
        foreach (var slot in step.State.Slots.All)
        {
            step = slot.Phase switch
            {
                SlotPhase.Idle => step.LookAtIdle(slot),
                SlotPhase.Lent when !slot.IsForLink => step.LookAtLease(slot),
                SlotPhase.Lent or SlotPhase.Opening or SlotPhase.Busy or SlotPhase.Pinging or SlotPhase.Closing
                    or SlotPhase.Detached => step,
            };
        }

        return step;
    }

    /// <summary>Announces the next moment at which something is due, found anew.</summary>
    internal static Step Reschedule(this Step step)
    {
        var state = step.State;
        var next = Moment.Earlier(Moment.Earlier(state.Line.NextDeadline, state.LinkLine.NextDeadline), state.NextShed());
        foreach (var slot in state.Slots.All)
        {
            next = Moment.Earlier(next, slot.Phase switch
            {
                SlotPhase.Idle => state.NextLookAt(slot, step.Now),
                SlotPhase.Lent when !slot.IsForLink => state.NextLookAtLease(slot.Lending!),
                SlotPhase.Lent or SlotPhase.Opening or SlotPhase.Busy or SlotPhase.Pinging or SlotPhase.Closing
                    or SlotPhase.Detached => Moment.Never,
            });
        }

        step = step.With(state with { NextWake = next });
        step = next == Moment.Never ? step : step.Do(new PoolEffects.WakeAt(next));
        // Growth that waits for the end of a pause announces it itself.
        return step.Grow();
    }

    /// <summary>
    /// When an idle connection needs attention next. What is due already and was left (the last of min-idle, one beyond keepalive-limit) is
    /// left until something else happens: to look at it again at once would be to look for ever.
    /// </summary>
    internal static TimeSpan NextLookAt(this PoolState state, Slot slot, TimeSpan now)
    {
        return slot.Reserve
            ? IfAhead(slot.LastUsedAt + ReserveIdle)
            : Moment.Earlier(
                IfAhead(slot.PingAt),
                Moment.Earlier(IfAhead(slot.LastUsedAt.After(state.Settings.IdleTimeout)), IfAhead(state.YieldsAt(slot))));

        TimeSpan IfAhead(TimeSpan moment) => moment > now ? moment : Moment.Never;
    }

    private static Step LookAtIdle(this Step step, Slot slot)
    {
        var state = step.State;
        return slot.Reserve ? slot.LastUsedAt + ReserveIdle <= step.Now ? step.Close(slot, CloseReason.ReserveOver) : step
            : slot.LastUsedAt.After(state.Settings.IdleTimeout) <= step.Now && state.Slots.Counts.Free > state.Settings.MinIdle
                ? step.Close(slot, CloseReason.IdleTimeout)
            : slot.PingAt <= step.Now && state.Slots.Counts.Pinging < state.Settings.KeepaliveLimit ? step.Ping(slot)
            : step;
    }
}
