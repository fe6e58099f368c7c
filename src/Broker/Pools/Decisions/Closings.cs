using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Connections;

namespace Broker.Pools.Decisions;

/// <summary>How a connection ends.</summary>
internal static class Closings
{
    /// <summary>Has a connection closed. It counts until it says that it is.</summary>
    internal static Step Close(this Step step, Slot slot, CloseReason reason) => step
        .Put(slot with { Phase = SlotPhase.Closing, Since = step.Now })
        .Repaid(slot)
        .Do(new PoolEffects.Close(slot.Id, reason));

    /// <summary>A connection is closed, because it was told to, or because it died.</summary>
    internal static Step Closed(this Step step, ConnectionId id, CloseReason reason, bool clean, BackendIdentity? backend)
    {
        if (step.State.Slots.Find(id) is not { } slot)
        {
            return step;
        }

        step = step.Forget(slot);
        step = slot.Phase == SlotPhase.Closing ? step : step.Repaid(slot);
        step = slot.Phase == SlotPhase.Opening
            ? step.NoteFailedConnect(slot, new ConnectionLost(step.State.Pool, "it died while it connected"))
            : step;
        step = clean
            ? step.GiveBack(slot.Permit)
            : step.Do(new PoolEffects.ReleaseGhost(slot.Permit, backend ?? slot.Backend));
        return reason is CloseReason.Broken or CloseReason.PingFailed ? step.SuspectSiblings(slot) : step;
    }

    /// <summary>
    /// The connection was being lent and could not be. The request is not to blame and waits again at its old place, unless a hook of the
    /// application refused: then it would be refused for ever.
    /// </summary>
    internal static Step LendFailed(this Step step, ConnectionId id, LeaseId lease, Failure failure)
    {
        if (step.State.Slots.Find(id) is not { Lending: { } lending } slot || lending.Lease != lease)
        {
            return step;
        }

        step = step.Put(slot with { Phase = SlotPhase.Closing, Since = step.Now, Lending = null }).Repaid(slot);
        var hook = failure is HookFailed;
        step = hook ? step : step.SuspectSiblings(slot);
        if (lending.Abandoned)
        {
            // Nobody waits again.
            return step.Do(new PoolEffects.LeaseEnded(lease, step.Now - lending.Since));
        }

        step = step.Do(new PoolEffects.LendUndone(lease, lending.Waiter.Id));
        return step.State.Stopping ? step.Refuse(lending.Waiter, new BrokerStopping($"pool {step.State.Pool}"))
            : hook ? step.Refuse(lending.Waiter, failure)
            : step.StandInLine(lending.Waiter).RefuseDue();
    }

    /// <summary>Takes a slot out of the books, its lease too.</summary>
    internal static Step Forget(this Step step, Slot slot)
    {
        step = step.With(step.State with { Slots = step.State.Slots.Remove(slot) });
        return slot.Lending is { } lending ? step.Do(new PoolEffects.LeaseEnded(lending.Lease, step.Now - lending.Since)) : step;
    }

    /// <summary>Each connection that goes, for whatever reason, is one less owed to other pools.</summary>
    internal static Step Repaid(this Step step, Slot slot) => slot.Reserve || (step.State.Owed == 0 && step.State.IdleWanted == 0)
        ? step
        : step.With(step.State with { Owed = Math.Max(0, step.State.Owed - 1), IdleWanted = Math.Max(0, step.State.IdleWanted - 1) });
}
