using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>Who gets an idle connection: requests for leases in the order of the line, and errands, the older first.</summary>
internal static class Serving
{
    internal static Step Serve(this Step step)
    {
        step = step.Shed().MakeRoomForLinks();
        while (step.State.Serves && step.State.Line.First is { } waiter && !step.State.ErrandsComeFirst(waiter))
        {
            (step, var slot) = step.Pick(step.State.Line.Count);
            if (slot is null)
            {
                break;
            }

            step = step.With(step.State with { Line = step.State.Line.Remove(waiter) }).Lend(slot, waiter);
        }

        return step;
    }

    /// <summary>Whether all idle connections belong to errands that came before this request.</summary>
    internal static bool ErrandsComeFirst(this PoolState state, Waiter waiter) =>
        state.Errands.Wanted >= Math.Max(1, state.Slots.Counts.Idle) && state.Errands.Oldest < waiter.Since;

    /// <summary>
    /// Takes an idle connection that may be used at once. On its way it closes those that are too old, and, when there is no other,
    /// has as many pinged as are wanted: what waits for a ping waits in line, where another connection may serve it first.
    /// </summary>
    internal static (Step Step, Slot? Slot) Pick(this Step step, int wanted)
    {
        while (step.State.Next() is { } slot)
        {
            if (slot.ExpiresAt <= step.Now)
            {
                step = step.Close(slot, CloseReason.Recycled);
                continue;
            }

            if (!step.State.NeedsPing(slot, step.Now))
            {
                return (step, slot);
            }

            if (step.ProvenIdle() is { } proven)
            {
                return (step, proven);
            }

            if (step.State.Slots.Counts.Pinging >= wanted)
            {
                break;
            }

            step = step.Ping(slot);
        }

        return (step, null);
    }

    internal static Step Lend(this Step step, Slot slot, Waiter waiter)
    {
        step = step.NoteServed(step.Now - waiter.Since);
        var state = step.State;
        var lending = new Lending(new LeaseId(state.LastLease + 1), waiter, step.Now);
        var settings = state.Settings;
        return step
            .With(state with
            {
                LastLease = lending.Lease.Number,
                Slots = state.Slots.Put(slot with { Phase = SlotPhase.Lent, Since = step.Now, Lending = lending, Used = true }),
            })
            .Do(new PoolEffects.Lend(slot.Id, lending.Lease, waiter.Id, step.Now - waiter.Since))
            .WakeBy(Moment.Earlier(step.Now.After(settings.MaxLease), step.Now.After(settings.LeakThreshold)));
    }

    private static Slot? Next(this PoolState state) =>
        state.Settings.Order == PoolOrder.Fifo ? state.Slots.OldestIdle : state.Slots.NewestIdle;

    private static Slot? ProvenIdle(this Step step)
    {
        var (state, now) = (step.State, step.Now);
        return state.Slots.IdleNewestFirst.FirstOrDefault(slot => slot.ExpiresAt > now && !state.NeedsPing(slot, now));
    }
}
