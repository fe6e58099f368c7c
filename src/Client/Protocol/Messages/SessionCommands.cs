using System.Collections.Immutable;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Messages;

/// <summary>What a handle has its conversation do, carried by <see cref="RunInSession"/>.</summary>
public interface ISessionCommand;

/// <summary>What came of a command, carried by <see cref="SessionAnswer"/>.</summary>
public interface ISessionReply;

/// <summary>Runs one statement in the transaction, which it begins if there is none. Answered by <see cref="Executed"/>.</summary>
/// <param name="Statement">The statement.</param>
public sealed record Execute(Statement Statement) : ISessionCommand;

/// <summary>Sends pending work: all steps in one round trip, within the transaction. Answered by <see cref="Flushed"/>.</summary>
/// <param name="Steps">In the order in which they are to run; at least one.</param>
public sealed record Flush(ImmutableArray<FlushStep> Steps) : ISessionCommand;

/// <summary>
/// Sends pending work and commits, in one round trip where that can be. Without steps and without a transaction it does nothing. Answered
/// by <see cref="Committed"/>. Once its COMMIT was sent it is not cancelled by anything.
/// </summary>
/// <param name="Steps">Pending work; may be empty.</param>
/// <param name="IdempotencyKey">
/// With a ledger configured: the key under which the commit is recorded. Null for one made of the session, handle and sequence.
/// </param>
public sealed record Commit(ImmutableArray<FlushStep> Steps, string? IdempotencyKey = null) : ISessionCommand;

/// <summary>Rolls the whole transaction back, open scopes included. Answered by <see cref="RolledBack"/>.</summary>
public sealed record Rollback : ISessionCommand
{
    /// <summary>The only one.</summary>
    public static Rollback Instance { get; } = new();
}

/// <summary>
/// Sends pending work, then opens a nested scope: SAVEPOINT. Until it ends, writes of other handles wait. Answered by
/// <see cref="ScopeOpened"/>.
/// </summary>
public sealed record OpenScope(ScopeId Scope, ImmutableArray<FlushStep> Steps) : ISessionCommand;

/// <summary>
/// Sends pending work, then ends a nested scope and keeps what was done in it: RELEASE SAVEPOINT. Answered by <see cref="ScopeReleased"/>.
/// </summary>
public sealed record ReleaseScope(ScopeId Scope, ImmutableArray<FlushStep> Steps) : ISessionCommand;

/// <summary>Undoes what was done in a nested scope and ends it: ROLLBACK TO SAVEPOINT. Answered by <see cref="ScopeRolledBack"/>.</summary>
public sealed record RollbackScope(ScopeId Scope) : ISessionCommand;

/// <summary>Declares a server cursor and fetches its first rows. Answered by <see cref="CursorRows"/>.</summary>
/// <param name="Cursor">Its name.</param>
/// <param name="Statement">A SELECT, VALUES or WITH that only reads.</param>
/// <param name="Rows">How many rows at most, 1 or more.</param>
public sealed record OpenCursor(CursorId Cursor, Statement Statement, int Rows) : ISessionCommand;

/// <summary>Fetches the next rows of a cursor. Answered by <see cref="CursorRows"/>.</summary>
public sealed record FetchCursor(CursorId Cursor, int Rows) : ISessionCommand;

/// <summary>Closes a cursor; one that is closed already is no mistake. Answered by <see cref="CursorClosed"/>.</summary>
public sealed record CloseCursor(CursorId Cursor) : ISessionCommand;

/// <summary>One step of a flush.</summary>
/// <param name="Table">The table it writes, `schema.name` unquoted: rows of it that other handles know are stale behind it.</param>
public abstract record FlushStep(string Table);

/// <summary>A statement.</summary>
/// <param name="Table">The table it writes.</param>
/// <param name="Statement">The statement.</param>
public sealed record StatementStep(string Table, Statement Statement) : FlushStep(Table);

/// <summary>Rows by COPY in the binary format, where nothing is wanted back.</summary>
/// <param name="Table">The table it writes.</param>
/// <param name="Text">`COPY ... FROM STDIN (FORMAT BINARY)`.</param>
/// <param name="TypeNames">PostgreSQL's name of each column's type.</param>
/// <param name="Columns">The values of each column: parameters whose value is an array, all of one length.</param>
/// <param name="Rows">How many rows.</param>
public sealed record CopyStep(string Table, string Text, ImmutableArray<string> TypeNames, ImmutableArray<Parameter> Columns, int Rows)
    : FlushStep(Table);

/// <summary>What one statement answered.</summary>
/// <param name="Affected">Rows inserted, updated, deleted or merged; -1 when it changes none.</param>
/// <param name="Rows">The rows it answered; empty when none.</param>
public sealed record StepResult(long Affected, RowSet Rows);

/// <summary>The statement ran.</summary>
public sealed record Executed(string Verb, long Affected, RowSet Rows) : ISessionReply;

/// <summary>All steps ran; they are not committed.</summary>
public sealed record Flushed(ImmutableArray<StepResult> Results) : ISessionReply;

/// <summary>The transaction is committed, or there was none.</summary>
/// <param name="Results">What each step answered.</param>
/// <param name="TransactionId">Its id (xid8); 0 when it wrote nothing.</param>
/// <param name="Unsent">Other handles' changes that were tracked but not sent, and so are no part of it.</param>
public sealed record Committed(ImmutableArray<StepResult> Results, ulong TransactionId, ImmutableArray<UnsentChanges> Unsent)
    : ISessionReply
{
    /// <summary>Whether a connection was lost and the outcome had to be settled; rows of the results may then be missing.</summary>
    public bool Settled { get; init; }
}

/// <summary>Changes that a handle tracks and has not sent.</summary>
public sealed record UnsentChanges(HandleId Handle, long Changes);

/// <summary>The transaction is rolled back, or there was none.</summary>
public sealed record RolledBack : ISessionReply
{
    /// <summary>The only one.</summary>
    public static RolledBack Instance { get; } = new();
}

/// <summary>The scope is open.</summary>
public sealed record ScopeOpened(ImmutableArray<StepResult> Results) : ISessionReply;

/// <summary>The scope is over, and what was done in it stands.</summary>
public sealed record ScopeReleased(ImmutableArray<StepResult> Results) : ISessionReply;

/// <summary>The scope is over, and what was done in it is undone.</summary>
public sealed record ScopeRolledBack : ISessionReply
{
    /// <summary>The only one.</summary>
    public static ScopeRolledBack Instance { get; } = new();
}

/// <summary>Rows of a cursor.</summary>
/// <param name="Rows">The rows, as many as were asked for or fewer.</param>
/// <param name="Ended">Whether there are no more; the cursor is then closed.</param>
public sealed record CursorRows(RowSet Rows, bool Ended) : ISessionReply;

/// <summary>The cursor is closed.</summary>
public sealed record CursorClosed : ISessionReply
{
    /// <summary>The only one.</summary>
    public static CursorClosed Instance { get; } = new();
}

/// <summary>The command with this number was sent before and is being executed; its own answer will come.</summary>
public sealed record StillRunning : ISessionReply
{
    /// <summary>The only one.</summary>
    public static StillRunning Instance { get; } = new();
}

/// <summary>The command with this number was executed before; its reply was not kept.</summary>
public sealed record ReplyNotKept : ISessionReply
{
    /// <summary>The only one.</summary>
    public static ReplyNotKept Instance { get; } = new();
}

/// <summary>The command was not carried out.</summary>
public sealed record CommandRefused(Failure Failure) : ISessionReply
{
    /// <summary>Which step of a flush the server refused, counted from 0; null when that is not known or there were none.</summary>
    public int? Step { get; init; }
}
