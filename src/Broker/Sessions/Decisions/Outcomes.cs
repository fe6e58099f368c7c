using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Settlement;

namespace Broker.Sessions.Decisions;

/// <summary>What follows from how a command's work ended.</summary>
internal static class Outcomes
{
    internal static SessionStep Done(this SessionStep step, WorkResult result)
    {
        if (step.State is not { Running: { } pending, Work: { } work })
        {
            return step;
        }
        if (step.State.LinkLost is { } lost)
        {
            // What was done on a connection that is not ours any more is rolled back with it, unless it was committed.
            step = step.With(step.State with { Link = Link.None, LinkLost = null });
            result = result.End is WorkEnd.InDoubt or WorkEnd.RolledBack or WorkEnd.CommittedBefore
                || (result.End == WorkEnd.Done && work.Commits)
                ? result
                : new(WorkEnd.Lost) { Failure = lost };
        }
        if (result.End == WorkEnd.InDoubt)
        {
            return step.With(step.State with { InDoubt = result, Work = null }).GiveBack(rollback: false, broken: true)
                .Do(new SessionEffects.Settle(result.TransactionId, work.Key));
        }
        step = step.EndTurn();
        return result.End == WorkEnd.Done ? step.Succeeded(pending, work, result) : step.NotDone(pending, work, result);
    }

    internal static SessionStep Settled(this SessionStep step, SessionEvents.Settled settled)
    {
        if (step.State is not { Running: { } pending, InDoubt: { } doubt })
        {
            return step;
        }
        step = step.With(step.State with { InDoubt = null }).EndTurn();
        var (pool, id) = (step.State.Pool, doubt.TransactionId ?? 0);
        return settled.Outcome switch
        {
            SettledOutcome.Committed => step.Committed(pending, doubt with { Settled = true }),
            SettledOutcome.Aborted { KeyRefused: true } => step.CommitFailed(pending, new KeySpent(pool, step.State.KeyOf(pending))),
            SettledOutcome.Aborted =>
                step.CommitFailed(pending, new ConnectionLost(pool, $"{doubt.Failure?.Message}; it is settled that nothing took effect")),
            SettledOutcome.Unknown unknown => step.CommitFailed(pending, new CommitUnknown(pool, id, settled.BackendPid, unknown.Cause)),
            _ => throw new InvalidOperationException($"unknown outcome {settled.Outcome}"),
        };
    }

    private static SessionStep CommitFailed(this SessionStep step, Pending pending, Failure failure, int? at = null) =>
        step.Fail(failure, isOnServer: false).Refuse(pending, failure, at);

    private static SessionStep NotDone(this SessionStep step, Pending pending, SessionWork work, WorkResult result)
    {
        var failure = pending.CancelAsked && result.Failure is StatementFailed { SqlState: "57014" } or LeaseRevoked
            ? new Cancelled("while it ran on the server")
            : result.Failure!;
        return result.End switch
        {
            WorkEnd.CommittedBefore => step.Committed(pending, result with { Settled = true }),
            WorkEnd.Undone when work.AsUnit => step.Refuse(pending, failure, result.Step),
            WorkEnd.Undone => step.Learn(work, result).Refuse(pending, failure, result.Step),
            WorkEnd.NotBegun => step.GiveBack(rollback: true, spoilt: true).Refuse(pending, failure),
            WorkEnd.Lost => step.GiveBack(rollback: false, broken: true).Fail(failure, isOnServer: false).Refuse(pending, failure),
            WorkEnd.RolledBack => step.CommitFailed(pending, failure, result.Step),
            _ => step.Learn(work, result).ForgetOrphans(pending).Fail(failure, isOnServer: true).Refuse(pending, failure, result.Step),
        };
    }

    /// <summary>A scope of a handle that has gone, and that cannot be rolled back by itself: the whole is.</summary>
    private static SessionStep ForgetOrphans(this SessionStep step, Pending pending) =>
        pending is { IsUpkeep: true, Command: RollbackScope }
        ? step.With(step.State with { Transaction = step.State.Transaction! with { Scopes = [] } })
        : step;

    /// <summary>What the transaction is known to be by now.</summary>
    private static SessionStep Learn(this SessionStep step, SessionWork work, WorkResult result)
    {
        var transaction = step.State.Transaction ?? Transaction.Begun;
        return step.With(step.State with
        {
            Transaction = transaction with
            {
                Id = result.TransactionId ?? transaction.Id,
                Spent = work.Closes.IsEmpty ? transaction.Spent : [],
                ChangedSettings = transaction.ChangedSettings || work is { Commits: false, FindsPrepared: false },
            },
        });
    }

    private static SessionStep Succeeded(this SessionStep step, Pending pending, SessionWork work, WorkResult result)
    {
        if (work.Commits)
        {
            return step.Committed(pending, result);
        }
        step = step.Learn(work, result).TellStale(pending, work).NoteSent(pending);
        var (state, results) = (step.State, result.Results);
        var transaction = state.Transaction!;
        var (next, reply) = pending.Command switch
        {
            Execute => (transaction, new Executed(result.Verb, results[0].Affected, results[0].Rows)),
            Flush => (transaction, new Flushed(results)),
            OpenScope open =>
                (transaction with { Scopes = transaction.Scopes.Add(new(pending.Handle, open.Scope)) }, new ScopeOpened(results)),
            ReleaseScope => (transaction.Released(), new ScopeReleased(results)),
            RollbackScope rollback =>
                (transaction.RolledBackTo(transaction.DepthOf(pending.Handle, rollback.Scope)), ScopeRolledBack.Instance),
            OpenCursor open =>
                (transaction.Read(new(pending.Handle, open.Cursor, transaction.Scopes.Length, step.Now),
                    results[^1].Rows.Count < open.Rows), Rows(results, open.Rows)),
            FetchCursor fetch =>
                (transaction.Read(transaction.Find(pending.Handle, fetch.Cursor)! with { Used = step.Now },
                    results[^1].Rows.Count < fetch.Rows), Rows(results, fetch.Rows)),
            CloseCursor close =>
                (transaction with { Cursors = transaction.Cursors.Remove(transaction.Find(pending.Handle, close.Cursor)!) },
                    CursorClosed.Instance),
            var other => (transaction, (ISessionReply)new CommandRefused(new StatementRefused("no such command", other.GetType().Name))),
        };
        step = step.With(state with { Transaction = next });
        step = pending.Command is RollbackScope ? step.Move(MovedBy.RollbackToScope, pending.Handle) : step;
        return step.Answer(pending, reply, result.Bytes);
    }

    private static SessionStep Committed(this SessionStep step, Pending pending, WorkResult result)
    {
        var unsent = step.State.UnsentOfOthers(pending.Handle);
        if (step.State.Members.Length > 1 && ((Commit)pending.Command).Steps is { IsEmpty: false } steps)
        {
            step = step.TellStale(pending, new() { Steps = steps });
        }
        step = step.NoteSent(pending);
        step = step.State.Transaction is null ? step : step.With(step.State with { Transaction = null });
        step = step.Move(MovedBy.Commit, pending.Handle).GiveBack(rollback: false);
        return step.Answer(pending, new Committed(result.Results, result.TransactionId ?? 0, unsent) { Settled = result.Settled },
            result.Bytes);
    }

    private static SessionStep TellStale(this SessionStep step, Pending pending, SessionWork work)
    {
        if (!pending.Writes || step.State.Members.Length <= 1)
        {
            return step;
        }
        var tables = work.Steps.Select(static one => one.Table).Where(static table => table.Length > 0).ToImmutableArray();
        foreach (var other in step.State.Members.Where(other => other.Id != pending.Handle))
        {
            step = step.Put(other.WithStale(tables));
        }
        return step;
    }

    /// <summary>What a handle flushes is all that it had not sent.</summary>
    private static SessionStep NoteSent(this SessionStep step, Pending pending) =>
        pending.Command is Flush or Commit or OpenScope or ReleaseScope && step.State.Find(pending.Handle) is { Unsent: > 0 } member
            ? step.Put(member with { Unsent = 0 })
            : step;

    private static CursorRows Rows(ImmutableArray<StepResult> results, int asked) => new(results[^1].Rows, results[^1].Rows.Count < asked);

    private static Transaction Released(this Transaction transaction)
    {
        var depth = transaction.Scopes.Length - 1;
        return transaction with
        {
            Scopes = transaction.Scopes.RemoveAt(depth),
            Cursors = transaction.Cursors.LiftedTo(depth),
            Spent = transaction.Spent.LiftedTo(depth),
        };
    }

    private static ImmutableArray<Cursor> LiftedTo(this ImmutableArray<Cursor> cursors, int depth) =>
        [.. cursors.Select(cursor => cursor.Depth > depth ? cursor with { Depth = depth } : cursor)];

    private static Transaction RolledBackTo(this Transaction transaction, int depth) => transaction with
    {
        Failed = null,
        Scopes = transaction.Scopes.RemoveRange(depth, transaction.Scopes.Length - depth),
        Cursors = transaction.Cursors.RemoveAll(cursor => cursor.Depth > depth),
        Spent = transaction.Spent.RemoveAll(cursor => cursor.Depth > depth),
    };

    private static Transaction Read(this Transaction transaction, Cursor cursor, bool ended)
    {
        var others = transaction.Cursors.RemoveAll(one => one.Handle == cursor.Handle && one.Id == cursor.Id);
        return ended
            ? transaction with { Cursors = others, Spent = transaction.Spent.Add(cursor) }
            : transaction with { Cursors = others.Add(cursor) };
    }
}
