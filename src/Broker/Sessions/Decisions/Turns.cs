using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions.Decisions;

/// <summary>
/// Whose turn it is: one command at a time, in the order of arrival; while a scope is open, what others would write waits until it ends.
/// </summary>
internal static class Turns
{
    internal static SessionStep Advance(this SessionStep step)
    {
        while (step.State is { Running: null, Ending: null, Link: not (Link.Returning or Link.Withdrawn) } && step.State.Next() is { } next)
        {
            step = (next.IsUpkeep ? step : step.With(step.State with { Line = step.State.Line.Remove(next) })).Start(next);
        }
        return step;
    }

    /// <summary>A connection that nobody needs goes back; a request for one is taken back.</summary>
    internal static SessionStep ReturnUnneeded(this SessionStep step) => step.State switch
    {
        { Running: null, Transaction: null, Link: Link.Lent } => step.GiveBack(rollback: false),
        { Running: null, Link: Link.Asked } => step.With(step.State with { Link = Link.Withdrawn }).Do(SessionEffects.Withdraw.Instance),
        _ => step,
    };

    private static Pending? Next(this SessionState state)
    {
        if (state.Orphan() is { } orphan)
        {
            return orphan;
        }
        var others = state.Transaction is { Failed: null } transaction ? transaction.ScopesOwner : null;
        HashSet<HandleId>? waiting = null;
        foreach (var pending in state.Line)
        {
            if (waiting?.Contains(pending.Handle) == true)
            {
                continue;
            }
            if (others is { } owner && owner != pending.Handle && pending is { Writes: true, Command: not Rollback })
            {
                (waiting ??= []).Add(pending.Handle);
                continue;
            }
            return pending;
        }
        return null;
    }

    /// <summary>A scope whose handle has gone is rolled back before anything else.</summary>
    private static Pending? Orphan(this SessionState state) =>
        state is { Link: Link.Lent, Transaction: { Scopes: [var outermost, ..] } } && state.Find(outermost.Handle) is null
            ? new Pending(outermost.Handle, 0, state.Epoch, new RollbackScope(outermost.Id), Akka.Actor.ActorRefs.Nobody) { Writes = true }
            : null;

    internal static SessionStep Start(this SessionStep step, Pending pending)
    {
        if (step.State.WhyNot(pending) is { } failure)
        {
            return step.Refuse(pending, failure);
        }
        if (step.State.LocalReply(pending) is { } reply)
        {
            return step.Answer(pending, reply);
        }
        return pending.Command is Rollback ? step.StartRollback(pending) : step.StartWork(pending);
    }

    private static ISessionReply? LocalReply(this SessionState state, Pending pending) => (pending.Command, state.Transaction) switch
    {
        (Rollback, null) => RolledBack.Instance,
        (Commit { Steps.IsEmpty: true }, null) => new Committed([], 0, state.UnsentOfOthers(pending.Handle)),
        (Flush { Steps.IsEmpty: true }, _) => new Flushed([]),
        (CloseCursor, null or { Failed: not null }) => CursorClosed.Instance,
        (CloseCursor close, var transaction) when transaction.Find(pending.Handle, close.Cursor) is null => CursorClosed.Instance,
        _ => null,
    };

    private static SessionStep StartRollback(this SessionStep step, Pending pending) => step.State.Link == Link.Lent
        ? step.With(step.State with { Running = pending }).GiveBack(rollback: true)
        : step.RollBack(pending);

    /// <summary>The transaction is over.</summary>
    internal static SessionStep RollBack(this SessionStep step, Pending pending) =>
        step.With(step.State with { Transaction = null }).Move(MovedBy.Rollback, pending.Handle).EndTurn()
            .Answer(pending, RolledBack.Instance);

    private static SessionStep StartWork(this SessionStep step, Pending pending)
    {
        var state = step.State;
        if (state.Link == Link.Lent)
        {
            return step.RunWork(pending);
        }
        if (state.Link == Link.None && state.WorkFor(pending) is { AsUnit: true } unit)
        {
            return step.RunWork(pending, unit);
        }
        if (state.Stopping)
        {
            return step.Refuse(pending, new BrokerStopping($"conversation {state.Id}"));
        }
        step = step.With(state with { Running = pending, Link = Link.Asked });
        return state.Link == Link.Asked ? step : step.Do(SessionEffects.Acquire.Instance);
    }

    internal static SessionStep RunWork(this SessionStep step, Pending pending) => step.RunWork(pending, step.State.WorkFor(pending));

    private static SessionStep RunWork(this SessionStep step, Pending pending, SessionWork work)
    {
        step = work.Key is null ? step : step.Do(SessionEffects.TakeKey.Instance);
        return step.With(step.State with { Running = pending, Work = work, ActiveAt = step.Now }).Do(new SessionEffects.Run(work));
    }

    internal static System.Collections.Immutable.ImmutableArray<UnsentChanges> UnsentOfOthers(this SessionState state, HandleId handle) =>
        state.Members.Length == 1
        ? []
        : [.. state.Members.Where(other => other.Id != handle && other.Unsent > 0)
            .Select(other => new UnsentChanges(other.Id, other.Unsent))];
}
