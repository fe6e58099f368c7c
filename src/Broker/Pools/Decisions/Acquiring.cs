using Broker.Client.Protocol.Failures;
using Broker.Configuration;

namespace Broker.Pools.Decisions;

/// <summary>How a request for a lease comes in, and how it leaves without one.</summary>
internal static class Acquiring
{
    internal static Step Acquire(this Step step, PoolEvents.AcquireRequested asked)
    {
        var waiter = new Waiter(asked.Waiter, step.Now, asked.Deadline, asked.Queueing, asked.Holder, asked.Purpose, asked.Held);
        step = step.With(step.State with { Warm = true });
        if ((step.State.Refusal() ?? step.State.StandingRefusal(step.Now)) is { } refusal)
        {
            return step.Refuse(waiter, refusal);
        }

        // Most requests find an empty line and an idle connection: they never enter the line.
        if (step.State.Line.IsEmpty && step.State.Serves && !step.State.ErrandsComeFirst(waiter))
        {
            (step, var slot) = step.Pick(1);
            if (slot is not null)
            {
                return step.Lend(slot, waiter);
            }
        }

        return step.State.LineIsFull() ? step.Refuse(waiter, step.State.Busy()) : step.StandInLine(waiter).RefuseIfStarving(waiter);
    }

    /// <summary>A request that is not wanted any more leaves the line; if it was answered a moment ago, its lease is called back.</summary>
    internal static Step Withdraw(this Step step, WaiterId id, string reason)
    {
        if ((step.State.Line.Find(id) ?? step.State.LinkLine.Find(id)) is { } waiter)
        {
            return step.LeaveLine(waiter);
        }

        var lent = step.State.Slots.All.FirstOrDefault(slot => slot.Lending?.Waiter.Id == id);
        return lent is null ? step : step.Abandon(lent, reason);
    }

    internal static Step StandInLine(this Step step, Waiter waiter)
    {
        step = waiter.SlotHolder is null ? step.NoteArrival() : step;
        return step
            .With(waiter.SlotHolder is null
                ? step.State with { Line = step.State.Line.Add(waiter) }
                : step.State with { LinkLine = step.State.LinkLine.Add(waiter) })
            .WakeBy(waiter.Deadline);
    }

    internal static Step RefuseInLine(this Step step, Waiter waiter, Failure failure) => step.LeaveLine(waiter).Refuse(waiter, failure);

    internal static Step RefuseAll(this Step step, Failure failure)
    {
        foreach (var waiter in step.State.Line.All)
        {
            step = step.RefuseInLine(waiter, failure);
        }

        return step;
    }

    /// <summary>Answers everybody whose time is over.</summary>
    internal static Step RefuseDue(this Step step)
    {
        while ((step.State.Line.FirstDue(step.Now) ?? step.State.LinkLine.FirstDue(step.Now)) is { } waiter)
        {
            step = step.RefuseInLine(waiter, step.State.Exhausted(waiter, step.Now));
        }

        return step;
    }

    /// <summary>A request that does not queue may wait for a connection on its way to it, not for one that others have.</summary>
    internal static Step RefuseNotQueueing(this Step step)
    {
        if (step.State.Line.NotQueueing == 0)
        {
            return step;
        }

        var place = 0;
        var state = step.State;
        foreach (var waiter in state.Line.All)
        {
            place++;
            if (!waiter.Queueing && place > state.Coming(state.LinksBefore(waiter)))
            {
                step = step.RefuseInLine(waiter, step.State.NotConnectedBecause() ?? step.State.Busy());
            }
        }

        return step;
    }

    internal static Step Refuse(this Step step, Waiter waiter, Failure failure) =>
        step.Do(new PoolEffects.Refuse(waiter.Id, failure, step.Now - waiter.Since));

    internal static Failure? Refusal(this PoolState state) =>
        state.Stopping ? new BrokerStopping($"pool {state.Pool}")
        : state.Suspended && state.Settings.Suspended == SuspendedAction.Refuse ? new PoolHeld(state.Pool)
        : state.Settings.Kind == PoolKind.Assertion && state.FirstHolder() is { } holder ? state.Busy() with { Holder = holder }
        : null;

    /// <summary>Whoever has a connection on its way to it, or room for one, does not count as waiting.</summary>
    private static bool LineIsFull(this PoolState state) =>
        state.Settings.MaxWaiting is { } most && state.Room() == 0 && state.Line.Count - state.Coming(state.LinkLine.Count) >= most;

    /// <summary>Connections on their way to those in line, when so many links get a permit before them.</summary>
    private static int Coming(this PoolState state, int links) =>
        Math.Max(0, state.Asked - links) + state.Slots.Counts.Opening + state.Slots.Counts.Pinging;

    private static int LinksBefore(this PoolState state, Waiter waiter) =>
        state.LinkLine.ByHolder.Sum(of => of.Line.All.Take(state.Asked).TakeWhile(link => link.Id.CompareTo(waiter.Id) < 0).Count());

    /// <summary>A link in a slot is no borrower: it gives way when it is not in use.</summary>
    private static string? FirstHolder(this PoolState state) =>
        state.Slots.All.FirstOrDefault(slot => slot.Phase == SlotPhase.Lent && !slot.IsForLink)?.Lending?.Waiter.Holder
        ?? state.Line.First?.Holder;

    private static PoolBusy Busy(this PoolState state) => new(state.Pool, state.InUse(), state.Settings.Limit ?? -1);

    private static Failure Exhausted(this PoolState state, Waiter waiter, TimeSpan now) =>
        state.NotConnectedBecause(waiter.SlotHolder is not null) ?? new PoolExhausted(
            state.Pool, state.InUse(), state.Settings.Limit ?? -1, state.Requests(), now - state.OldestRequest(), now - waiter.Since,
            state.Connects.LastFailure?.Message);

    private static int InUse(this PoolState state) => state.Slots.Counts.Lent + state.Slots.Counts.Busy;

    /// <summary>With no connection open and connects failing, the failed connect is the answer, not the length of the line.</summary>
    private static Failure? NotConnectedBecause(this PoolState state, bool forLink = false) =>
        (forLink ? state.HasOpenLink() : state.HasOpen()) ? null : state.Connects.LastFailure;

    private static Step LeaveLine(this Step step, Waiter waiter) => step.With(waiter.SlotHolder is null
        ? step.State with { Line = step.State.Line.Remove(waiter) }
        : step.State with { LinkLine = step.State.LinkLine.Remove(waiter) });
}
