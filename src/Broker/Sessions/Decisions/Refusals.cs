using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Errands.Keyed;

namespace Broker.Sessions.Decisions;

/// <summary>Why a command whose turn it is may not be carried out. Nothing of a refused one is sent.</summary>
internal static class Refusals
{
    internal static Failure? WhyNot(this SessionState state, Pending pending) =>
        pending.IsUpkeep ? null
        : state.OfFailure(pending)
        ?? state.OfRight(pending)
        ?? pending.Refusal
        ?? state.OfEpoch(pending)
        ?? state.OfScope(pending)
        ?? state.OfCursor(pending)
        ?? state.OfKey(pending);

    private static ConversationFailed? OfFailure(this SessionState state, Pending pending)
    {
        if (state.Transaction is not { Failed: { } cause } transaction)
        {
            return null;
        }
        return pending.Command switch
        {
            Rollback or CloseCursor => null,
            RollbackScope scope when transaction.DepthOf(pending.Handle, scope.Scope) >= 0 => null,
            _ => new ConversationFailed(state.Id, cause),
        };
    }

    private static NotCommitsOwner? OfRight(this SessionState state, Pending pending) =>
        pending.Command is Commit or Rollback
            && state.Terms.CommitRight == Client.Protocol.Values.CommitRight.Owner
            && pending.Handle != state.Owner
            ? new(state.Id, pending.Handle, state.Owner)
            : null;

    /// <summary>
    /// What others did since the handle looked. A rollback passes where it can only help: when the transaction has failed, or there is
    /// none.
    /// </summary>
    private static ConversationMoved? OfEpoch(this SessionState state, Pending pending)
    {
        if (!pending.Writes
            || pending.Epoch.Number >= state.Epoch.Number
            || (pending.Command is Rollback && state.Transaction is null or { Failed: not null }))
        {
            return null;
        }
        var moves = state.Moves.RemoveAll(move => move.Epoch.Number <= pending.Epoch.Number);
        return moves.Any(move => move.By != pending.Handle) ? new(state.Id, state.Epoch, moves) : null;
    }

    private static ScopeRefused? OfScope(this SessionState state, Pending pending)
    {
        var transaction = state.Transaction ?? Transaction.Begun;
        var (scope, cause) = pending.Command switch
        {
            OpenScope open =>
                (open.Scope, transaction.DepthOf(pending.Handle, open.Scope) >= 0 ? "one of this name is open already" : null),
            ReleaseScope release => (release.Scope, transaction.DepthOf(pending.Handle, release.Scope) switch
            {
                < 0 => "it is not open, or not this handle's",
                var depth when depth < transaction.Scopes.Length - 1 => "another one was opened inside it and is still open",
                _ => null,
            }),
            RollbackScope rollback =>
                (rollback.Scope, transaction.DepthOf(pending.Handle, rollback.Scope) < 0 ? "it is not open, or not this handle's" : null),
            _ => (default, null),
        };
        return cause is null ? null : new(state.Id, scope, cause);
    }

    private static CursorRefused? OfCursor(this SessionState state, Pending pending) => pending.Command switch
    {
        FetchCursor fetch when state.Transaction?.Find(pending.Handle, fetch.Cursor) is null =>
            new(state.Id, fetch.Cursor,
                "it is not open: it was read to its end, its transaction or scope ended, or it lay idle too long "
                    + "(broker.sessions.cursor-idle-limit)"),
        OpenCursor open when state.Transaction?.Find(pending.Handle, open.Cursor) is not null =>
            new(state.Id, open.Cursor, "one of this name is open already"),
        _ => null,
    };

    private static Failure? OfKey(this SessionState state, Pending pending) =>
        pending.Command is not Commit { IdempotencyKey: { } key } ? null
        : !state.Limits.HasLedger ? new LedgerUnavailable(state.Pool, "no ledger is configured")
        : IdempotencyKeys.Check(key) is { } reason ? new KeyRefused(reason)
        : null;
}
