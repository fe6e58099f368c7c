using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;

namespace Broker.Client.Ado.Running;

/// <summary>
/// A transaction: a conversation of its own, with one handle. What is asked of it happens one piece at a time in the order in which it
/// was asked, so several readers and threads may have a part in it. The connection is borrowed with its first statement. One that nobody
/// holds any more is rolled back.
/// </summary>
internal sealed class Conversation : StatementRoute, IAsyncDisposable
{
    // What others know of a table is no concern here: a step of any table.
    private const string AnyTable = "*";

    private readonly Turns _turns = new();
    private readonly SessionLink _link;
    private readonly int _chunkRows;
    private long _scopes;
    private long _cursors;

    internal Conversation(SessionLink link, int chunkRows) => (_link, _chunkRows) = (link, chunkRows);

    /// <summary>Tells the broker of a handle that nobody holds any more.</summary>
    ~Conversation() => _link.Forget();

    internal override async ValueTask<ImmutableArray<StepResult>> RunAsync(ImmutableArray<Statement> statements,
        CancellationToken cancellation)
    {
        if (statements is not [var only])
        {
            var flush = new Flush([.. statements.Select(static one => new StatementStep(AnyTable, one))]);
            return (await AskAsync<Flushed>(flush, cancellation).ConfigureAwait(false)).Results;
        }

        var executed = await AskAsync<Executed>(new Execute(only), cancellation).ConfigureAwait(false);
        return [new(executed.Affected, executed.Rows)];
    }

    /// <summary>Rows by a cursor of the transaction; a statement that is no query has all of its rows at once.</summary>
    internal override async ValueTask<RowChunks> OpenAsync(Statement statement, CancellationToken cancellation)
    {
        var cursor = new CursorId(Interlocked.Increment(ref _cursors));
        try
        {
            var open = new OpenCursor(cursor, statement, _chunkRows);
            return new CursorChunks(this, cursor, await AskAsync<CursorRows>(open, cancellation).ConfigureAwait(false));
        }
        catch (BrokerException refused) when (refused.Failure is StatementRefused)
        {
            // Nothing was sent: it is none that a cursor may read.
            var executed = await AskAsync<Executed>(new Execute(statement), cancellation).ConfigureAwait(false);
            return new CursorChunks(this, cursor, new(executed.Rows, Ended: true));
        }
    }

    internal ValueTask<CursorRows> FetchAsync(CursorId cursor, CancellationToken cancellation) =>
        AskAsync<CursorRows>(new FetchCursor(cursor, _chunkRows), cancellation);

    /// <summary>Closes a cursor, unless the transaction is over already and the cursor with it.</summary>
    internal async ValueTask CloseAsync(CursorId cursor)
    {
        if (_link is not { Failed: null, HasLeft: false, MayHaveTransaction: true })
            return;
        try
        {
            await AskAsync<CursorClosed>(new CloseCursor(cursor), CancellationToken.None).ConfigureAwait(false);
        }
        catch (BrokerException)
        {
            // It ends with its transaction at the latest. To throw would hide why its reader is left.
        }
    }

    /// <summary>Commits. One of which nothing was asked has nothing to commit.</summary>
    internal async ValueTask CommitAsync(CancellationToken cancellation)
    {
        if (_link.MayHaveTransaction)
            await AskAsync<Committed>(new Commit([]), cancellation).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Rolls everything back, also behind a failure; one that has ended by itself was rolled back by that.</summary>
    internal async ValueTask RollbackAsync(CancellationToken cancellation)
    {
        using (await _turns.NextAsync(cancellation).ConfigureAwait(false))
        {
            try
            {
                if (_link is { MayHaveTransaction: true, HasLeft: false })
                    await _link.RunAsync<RolledBack>(Rollback.Instance, cancellation).ConfigureAwait(false);
            }
            catch (BrokerException refused) when (refused.Failure is ConversationGone)
            {
                // Its end has rolled back what it had not committed.
            }
        }

        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Ends it: what was not committed is rolled back.</summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _link.LeaveAsync();
    }

    internal async ValueTask<ScopeId> OpenScopeAsync(CancellationToken cancellation)
    {
        var scope = new ScopeId(Interlocked.Increment(ref _scopes));
        await AskAsync<ScopeOpened>(new OpenScope(scope, []), cancellation).ConfigureAwait(false);
        return scope;
    }

    internal async ValueTask ReleaseAsync(ScopeId scope, CancellationToken cancellation) =>
        await AskAsync<ScopeReleased>(new ReleaseScope(scope, []), cancellation).ConfigureAwait(false);

    /// <summary>Undoes a scope and those inside it, also behind a failure in it.</summary>
    internal async ValueTask RollbackAsync(ScopeId scope, CancellationToken cancellation)
    {
        using var turn = await _turns.NextAsync(cancellation).ConfigureAwait(false);
        await _link.RunAsync<ScopeRolledBack>(new RollbackScope(scope), cancellation).ConfigureAwait(false);
    }

    private async ValueTask<T> AskAsync<T>(ISessionCommand command, CancellationToken cancellation) where T : ISessionReply
    {
        using var turn = await _turns.NextAsync(cancellation).ConfigureAwait(false);
        _link.RefuseWhenLeft();
        return _link.Failed is { } cause
            ? throw new BrokerException(new ConversationFailed(_link.Session, cause))
            : await _link.RunAsync<T>(command, cancellation).ConfigureAwait(false);
    }
}
