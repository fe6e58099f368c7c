using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Settlement;

namespace Broker.Sessions.Decisions;

/// <summary>What becomes of the connection, and of a transaction that lies idle on it.</summary>
internal static class Links
{
    internal static SessionStep Lent(this SessionStep step)
    {
        var isUnwanted = step.State.Link == Link.Withdrawn;
        step = step.With(step.State with { Link = Link.Lent, LinkLost = null, ActiveAt = step.Now });
        if (isUnwanted)
        {
            // It crossed the withdrawal, and the pool calls it back: under whoever used it.
            return step.GiveBack(rollback: false);
        }
        return step.State.Running is { } running ? step.RunWork(running) : step;
    }

    internal static SessionStep NotLent(this SessionStep step, Failure failure)
    {
        var running = step.State.Running;
        step = step.With(step.State with { Link = Link.None });
        return running is null ? step : step.EndTurn().Refuse(running, failure);
    }

    /// <summary>The pool took the connection back, or it is gone. Work on it ends by itself, and its end tells what became of it.</summary>
    internal static SessionStep Lost(this SessionStep step, Failure failure) => step.State switch
    {
        { Link: Link.Returning } => step.Back(),
        // The first cause counts: who calls it back ends with it.
        { Link: Link.Lent, Work: not null } => step.With(step.State with { LinkLost = step.State.LinkLost ?? failure }),
        { Link: Link.Lent } => step.With(step.State with { Link = Link.None }).FailIfWell(failure),
        _ => step,
    };

    internal static SessionStep Back(this SessionStep step)
    {
        step = step.With(step.State with { Link = Link.None, LinkLost = null });
        return step.State.Running is { Command: Rollback } running ? step.RollBack(running) : step;
    }

    /// <summary>
    /// The pool has answered all that reached it, and will not answer the rest: nothing of that was sent, but for a COMMIT that it was to
    /// settle.
    /// </summary>
    internal static SessionStep PoolEnded(this SessionStep step, int backendPid)
    {
        var failure = new BrokerStopping($"pool {step.State.Pool}");
        return step.State switch
        {
            { InDoubt: not null } => step.Settled(new(SettledOutcome.Unknown.PoolEnded, backendPid)),
            { Work.AsUnit: true } => step.Done(Units.Refused(failure)),
            { Link: Link.Asked or Link.Withdrawn } => step.NotLent(failure),
            _ => step,
        };
    }

    internal static SessionStep Tick(this SessionStep step)
    {
        if (step.State is not { Running: null, Link: Link.Lent, Transaction: { } transaction } state)
        {
            return step;
        }
        if (state.IdleLimit is { } limit && limit <= step.Now - state.ActiveAt)
        {
            return step.Do(new SessionEffects.TimedOut(limit)).GiveBack(rollback: true)
                .FailIfWell(new TransactionTimedOut(state.Id, limit));
        }
        foreach (var cursor in transaction.Cursors)
        {
            if (transaction.Failed is null && state.Limits.CursorIdleLimit is { } idle && idle <= step.Now - cursor.Used)
            {
                return step.Start(new Pending(cursor.Handle, 0, state.Epoch, new CloseCursor(cursor.Id), Akka.Actor.ActorRefs.Nobody));
            }
        }
        return step;
    }

    /// <summary>
    /// Sees to it that a tick comes when a transaction or a cursor has been idle for too long; none comes while there is nothing that could
    /// be.
    /// </summary>
    internal static SessionStep SetAlarm(this SessionStep step)
    {
        var state = step.State;
        if (state.Link != Link.Lent || state.IsOver)
        {
            return state.WakesAt is null ? step : step.With(state with { WakesAt = null }).Do(new SessionEffects.WakeAt(null));
        }
        if (state.Running is not null || state.Transaction is not { } transaction)
        {
            return step;
        }
        var due = state.IdleLimit is { } limit ? state.ActiveAt + limit : TimeSpan.MaxValue;
        foreach (var cursor in transaction.Cursors)
        {
            due = transaction.Failed is null && state.Limits.CursorIdleLimit is { } idle && cursor.Used + idle < due
                ? cursor.Used + idle
                : due;
        }
        return due == TimeSpan.MaxValue || state.WakesAt <= due
            ? step
            : step.With(state with { WakesAt = due }).Do(new SessionEffects.WakeAt(due));
    }

    private static SessionStep FailIfWell(this SessionStep step, Failure failure) =>
        step.State.Transaction is { } transaction ? step.Fail(transaction.Failed ?? failure, isOnServer: false) : step;
}
