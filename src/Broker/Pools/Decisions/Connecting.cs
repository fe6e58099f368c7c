using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>How a connection comes to be, or does not.</summary>
internal static class Connecting
{
    internal static Step Opened(this Step step, ConnectionId id, BackendIdentity backend)
    {
        if (step.State.Slots.Find(id) is not { } slot)
        {
            return step;
        }

        step = step.Do(new PoolEffects.NameBackend(slot.Permit, backend));
        if (slot.Phase != SlotPhase.Opening)
        {
            // It was told to close while it connected.
            return step.Put(slot with { Backend = backend });
        }

        var settings = step.State.Settings;
        var roll = step.State.Dice.Roll(out var dice);
        slot = slot with
        {
            Backend = backend,
            ProvenIn = step.State.Suspicion,
            LastAliveAt = step.Now,
            PingedAt = step.Now,
            ExpiresAt = step.Now.After(settings.RecycleAfter * (1 - (settings.RecycleJitter * roll))),
        };
        return step
            .With(step.State with { Dice = dice, Connects = ConnectHistory.None, FirstWanted = false, FirstConnectDue = false })
            .Do(new PoolEffects.Connected(id, step.Now - slot.Since))
            .Settle(slot);
    }

    internal static Step ConnectFailed(this Step step, ConnectionId id, Failure failure, BackendIdentity? leftBehind)
    {
        if (step.State.Slots.Find(id) is not { } slot)
        {
            return step;
        }

        step = step.Forget(slot);
        step = leftBehind is null ? step.GiveBack(slot.Permit) : step.Do(new PoolEffects.ReleaseGhost(slot.Permit, leftBehind));
        if (slot.Phase != SlotPhase.Opening)
        {
            return step;
        }

        return step.Repaid(slot).NoteFailedConnect(slot, failure).TellWaiters(failure);
    }

    internal static Step NoteFailedConnect(this Step step, Slot slot, Failure failure)
    {
        var history = step.State.Connects.Failed(slot, failure, step.State, step.Now, out var dice);
        return step
            .With(step.State with { Connects = history, Dice = dice })
            .Do(new PoolEffects.ConnectsFailing(failure, history.Failures, history.NextAt));
    }

    /// <summary>
    /// What a request is told at once: the server has just refused every connection for a reason that waiting does not mend, and the pause
    /// before the next try is not over. Null when it may hope.
    /// </summary>
    /// <param name="state">The pool.</param>
    /// <param name="now">The present moment.</param>
    /// <param name="forLink">Whether a slot for a link is wanted: a failed login of the one kind says nothing to the other.</param>
    internal static Failure? StandingRefusal(this PoolState state, TimeSpan now, bool forLink = false) =>
        state.Connects is { LastFailure: { IsTransient: false } failure } && failure is not HookFailed && now < state.Connects.NextAt
        && state.Connects.OfLink == forLink
        && !(forLink ? state.HasOpenLink() || state.HasOpeningLink() : state.HasOpen() || state.Slots.Counts.Opening > 0) ? failure : null;

    /// <summary>
    /// Whether any connection is open that could serve, now or when it comes back. A slot that is lent for a link serves nobody else when
    /// it comes back before another connection is open.
    /// </summary>
    internal static bool HasOpen(this PoolState state)
    {
        var counts = state.Slots.Counts;
        return counts.Free + counts.Busy + counts.Lent - counts.Links > 0;
    }

    /// <summary>
    /// A connect that may go well next time is tried again, within the limits of those who wait. One that cannot (a wrong password, an
    /// unsupported server) is told at once to whom no open connection can serve; a hook's failure to one only.
    /// </summary>
    private static Step TellWaiters(this Step step, Failure failure) =>
        failure.IsTransient ? step
        : failure is not HookFailed ? step.RefuseUnserved(failure)
        : step.State.Line.First is { } first ? step.RefuseInLine(first, failure)
        : step;

    internal static Step RefuseUnserved(this Step step, Failure failure)
    {
        if (step.State.HasOpen())
        {
            return step;
        }

        step = step.RefuseAll(failure);
        return step.State.Errands.Wanted > 0 ? step.Do(new PoolEffects.RefuseErrands(failure)) : step;
    }
}
