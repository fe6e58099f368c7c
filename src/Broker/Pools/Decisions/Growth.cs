using Broker.Budgets;
using Broker.Client.Protocol;

namespace Broker.Pools.Decisions;

/// <summary>
/// When the pool opens connections: as many as wait and no more, so that a burst that returns can serve opens few. Each needs a
/// permit of the server's budget; while a permit is only asked for, the wish can be taken back.
/// </summary>
internal static class Growth
{
    internal static Step Grow(this Step step)
    {
        if (!step.State.Serves)
        {
            return step.Shrink(step.State.Asked).DropReserve().RefuseNotQueueing().WantSlots();
        }

        var missing = step.State.ConnectionsWanted() + step.State.LinkLine.Count - step.State.Asked;
        return (missing >= 0 ? step.Ask(missing) : step.Shrink(Math.Min(-missing, step.State.Asked)))
            .GrowReserve()
            .RefuseNotQueueing()
            .WantSlots()
            .LookAfterPermits();
    }

    internal static Step PermitGranted(this Step step, PermitId permit, bool reserve)
    {
        var state = step.State;
        var expected = reserve ? state.ReserveAsked : state.Asked > 0;
        if (!expected)
        {
            return step.GiveBack(permit);
        }

        step = step.With(state with
        {
            Asked = state.Asked - (reserve ? 0 : 1), ReserveAsked = state.ReserveAsked && !reserve, PermitsMovedAt = step.Now,
        });
        return !reserve && state.IsTurnOfLink(out var link) ? step.LendSlot(permit, link) : step.Open(permit, reserve);
    }

    private static Step Open(this Step step, PermitId permit, bool reserve)
    {
        var state = step.State;
        var slot = new Slot(new ConnectionId(state.LastConnection + 1), permit, reserve, state.Generation, state.Connects.Failures)
        {
            Since = step.Now,
        };
        return step
            .With(state with
            {
                LastConnection = slot.Id.Number,
                Slots = state.Slots.Put(slot),
            })
            .Do(new PoolEffects.Open(slot.Id, state.FirstConnectDue));
    }

    /// <summary>The asks are gone; who waits is told, unless other connections of this pool can serve it.</summary>
    internal static Step PermitsDenied(this Step step, int count, bool reserve, string cause)
    {
        var state = step.State;
        if (reserve)
        {
            return step.With(state with { ReserveAsked = false, Connects = state.Connects.Pause(state, step.Now) });
        }

        var failure = new Client.Protocol.Failures.ServerUnavailable(state.Pool, "its budget", cause);
        return step
            .With(state with { Asked = Math.Max(0, state.Asked - count), Connects = state.Connects.Pause(state, step.Now) })
            .RefuseUnserved(failure)
            .RefuseUnservedLinks(failure);
    }

    /// <summary>How many connections could be opened under the limit.</summary>
    internal static int Room(this PoolState state) =>
        state.Settings.Limit is { } limit ? Math.Max(0, limit - state.Slots.Counts.Limited - state.Asked) : int.MaxValue;

    /// <summary>How many connections should be opened beside those that are there or being opened; links not counted.</summary>
    internal static int ConnectionsWanted(this PoolState state)
    {
        var missing = state.Line.Count + state.Errands.Wanted - state.ConnectionsComing();
        var forReady = Math.Min(missing + state.HeldReady(), state.RoomForReady());
        missing = Math.Max(0, Math.Max(missing, forReady));
        return state.FirstConnectDue ? Math.Min(missing, Math.Max(0, 1 - state.Slots.Counts.Opening)) : missing;
    }

    /// <summary>
    /// Those that are pinged because a sibling broke: their pings may well fail, or hang. What waits has one opened rather than wait for
    /// them.
    /// </summary>
    internal static int Doubtful(this PoolState state) =>
        state.Slots.Counts.Pinging == 0 || (state.Line.IsEmpty && state.Errands.Wanted == 0)
        ? 0
        : state.Slots.All.Count(slot => slot.Phase == SlotPhase.Pinging && slot.ProvenIn < state.Suspicion && !slot.Reserve);

    /// <summary>How many idle connections are held ready beyond those that wait is for.</summary>
    private static int HeldReady(this PoolState state) =>
        !state.Warm ? 0 : Math.Max(Math.Min(state.Settings.MinIdle, state.Settings.KeptIdle()), state.FirstWanted ? 1 : 0);

    /// <summary>Connections held ready are never overflow, and stand back behind links.</summary>
    private static int RoomForReady(this PoolState state) =>
        state.Settings.Size == 0 ? int.MaxValue
        : Math.Min(state.Settings.Size, state.Settings.Limit ?? int.MaxValue) - state.Slots.Counts.Limited - state.LinkLine.Count;

    private static Step Ask(this Step step, int missing)
    {
        var wanted = Math.Min(missing, step.State.Room());
        if (wanted <= 0)
        {
            return step;
        }

        (var history, var allowed) = step.State.Connects.Allow(wanted, step.State, step.Now, out var dice);
        step = step.With(step.State with
        {
            Connects = history,
            Dice = dice,
            Asked = step.State.Asked + allowed,
            PermitsMovedAt = step.State.Asked == 0 ? step.Now : step.State.PermitsMovedAt,
        });
        step = allowed > 0 ? step.Do(new PoolEffects.AskPermits(allowed, false)) : step;
        return allowed < wanted ? step.WakeBy(history.NextAt) : step;
    }

    private static Step Shrink(this Step step, int surplus) => surplus <= 0
        ? step
        : step.With(step.State with { Asked = step.State.Asked - surplus }).Do(new PoolEffects.WithdrawPermits(surplus, false));

    /// <summary>
    /// When every connection is lent and errands wait, one more is opened for them alone: a holder may itself be waiting for an errand.
    /// </summary>
    private static Step GrowReserve(this Step step)
    {
        var state = step.State;
        if (state.Errands.Wanted == 0)
        {
            return step.DropReserve();
        }

        var counts = state.Slots.Counts;
        var allLent = counts.Lent > 0 && counts.Limited == counts.Lent && (state.Asked > 0 || state.Room() == 0);
        return !allLent || state.ReserveAsked || state.Slots.Reserve is not null ? step
            : step.Now < state.Connects.NextAt ? step.WakeBy(state.Connects.NextAt)
            : step.With(state with { ReserveAsked = true }).Do(new PoolEffects.AskPermits(1, true));
    }

    private static Step DropReserve(this Step step) => step.State.ReserveAsked
        ? step.With(step.State with { ReserveAsked = false }).Do(new PoolEffects.WithdrawPermits(1, true))
        : step;
}
