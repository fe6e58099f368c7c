using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Errands;

namespace Broker.Sessions.Decisions;

/// <summary>What is to be done on the connection for a command.</summary>
internal static class Works
{
    internal static SessionWork WorkFor(this SessionState state, Pending pending)
    {
        var transaction = state.Transaction;
        var work = pending.Command switch
        {
            Execute execute => Of(new StatementStep("*", execute.Statement)),
            Flush flush => new() { Steps = flush.Steps },
            Commit commit => state.CommitOf(pending, commit),
            OpenScope open => new() { Steps = open.Steps, After = [$"SAVEPOINT {Scope.NameAt(transaction?.Scopes.Length ?? 0)}"] },
            ReleaseScope release =>
                new() { Steps = release.Steps,
                    After = [$"RELEASE SAVEPOINT {Scope.NameAt(transaction!.DepthOf(pending.Handle, release.Scope))}"] },
            RollbackScope rollback => RollbackTo(Scope.NameAt(transaction!.DepthOf(pending.Handle, rollback.Scope))),
            OpenCursor open =>
                Of(Declare(open, Cursor.NameOf(pending.Handle, open.Cursor)), Fetch(open.Rows, Cursor.NameOf(pending.Handle, open.Cursor))),
            FetchCursor fetch => Of(Fetch(fetch.Rows, Cursor.NameOf(pending.Handle, fetch.Cursor))),
            CloseCursor close => new() { After = [$"CLOSE {Cursor.NameOf(pending.Handle, close.Cursor)}"] },
            var other => throw new InvalidOperationException($"{other} is no work for a connection"),
        };
        return work with
        {
            Begins = transaction is null && !work.AsUnit,
            OwnSavepoint = state.Terms.SavepointPerCommand && !work.Steps.IsEmpty,
            KnownId = transaction?.Id,
            // COMMIT closes them too.
            Closes = transaction is { Failed: null, Spent: { IsEmpty: false } spent } && !work.Commits
                ? [.. spent.Select(static one => Cursor.NameOf(one.Handle, one.Id))]
                : [],
            // What errands had prepared for a user's text may be out of date, and would end the transaction.
            FindsPrepared = pending.Command is not (Execute or OpenCursor or FetchCursor)
                && StatementBinder.FindsPrepared(state.Terms.Context),
        };
    }

    /// <summary>
    /// Commits that bring all of their work along go to the pool, where they may share a round trip and one flush of the log with others.
    /// </summary>
    private static SessionWork CommitOf(this SessionState state, Pending pending, Commit commit)
    {
        var terms = state.Terms;
        var asUnit = state is { Transaction: null, Link: Link.None, Limits.HasLedger: false }
            && terms.Isolation is null or Isolation.ReadCommitted
            && terms is { ReadOnly: false, Deferrable: false, SavepointPerCommand: false }
                && commit.Steps.All(static step => step is StatementStep);
        return new()
        {
            Steps = commit.Steps,
            Commits = true,
            AsUnit = asUnit && !commit.Steps.IsEmpty,
            Key = state.Limits.HasLedger && !terms.ReadOnly && (!commit.Steps.IsEmpty || state.Transaction?.Id is not null)
                ? state.KeyOf(pending)
                : null,
            RestoresRole = terms.Context.Role is not null
                || terms.Context.SearchPath is not null
                || state.Transaction?.ChangedSettings == true,
        };
    }

    /// <summary>The key that a commit leaves in the ledger.</summary>
    internal static string KeyOf(this SessionState state, Pending pending) =>
        ((Commit)pending.Command).IdempotencyKey ?? SessionKeys.Of(state.Id, pending.Handle, pending.Sequence);

    private static SessionWork Of(params ImmutableArray<FlushStep> steps) => new() { Steps = steps };

    private static SessionWork RollbackTo(string savepoint) =>
        new() { After = [$"ROLLBACK TO SAVEPOINT {savepoint}", $"RELEASE SAVEPOINT {savepoint}"] };

    private static StatementStep Declare(OpenCursor open, string name) =>
        new("", open.Statement with { Text = $"DECLARE {name} NO SCROLL CURSOR FOR {open.Statement.Text}" });

    private static StatementStep Fetch(int rows, string name) => new("", new Statement($"FETCH FORWARD {rows} FROM {name}"));
}
