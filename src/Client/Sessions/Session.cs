using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Broker.Client.Mapping;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Sessions;

/// <summary>
/// A conversation with the database, and the objects that its user holds of it: a unit of work. Any number of threads and tasks may use one
/// session at the same time; what they ask happens one at a time, in the order in which each asked. It borrows a connection with its first
/// statement and gives it back at commit, rollback or close. Disposing it rolls back what was not committed.
/// <para>
/// Objects are plain: nothing is read when a property is touched, and changes made in place are found by comparing when they are sent. A
/// refusal is a <see cref="BrokerException"/>. After a statement that failed all is refused (<c>ConversationFailed</c>) until a rollback.
/// </para>
/// </summary>
public sealed class Session : IAsyncDisposable, IDisposable
{
    private readonly Turns _turns = new();
    private readonly SessionLink _link;
    private readonly SessionOptions _options;
    private readonly SessionWork _work;
    private long _cursors;

    internal Session(SessionLink link, SessionEntities entities, SessionOptions options) =>
        (_link, _options, _work) = (link, options, new(link, entities, options));

    /// <summary>Tells the conversation of a handle that nobody holds any more.</summary>
    ~Session()
    {
        _link.Forget();
        // Objects that outlive it may be added elsewhere. What was asked of it last may still have its turn.
        _turns.Do(_work, static work => work.Forget(), static (_, _) => { });
    }

    /// <summary>Whether it has committed any change.</summary>
    internal bool HasCommitted => _link.HasCommitted;

    /// <summary>The conversation's id, for <see cref="SessionFactory.JoinAsync"/>.</summary>
    public SessionId Id => _link.Session;

    /// <summary>This handle's own id, as failures and receipts of other handles name it.</summary>
    public HandleId Handle => _link.Handle;

    /// <summary>The object of a row, by its key: from memory when known and not out of date, else loaded. Null if there is none.</summary>
    /// <param name="key">The key; of a composite one a tuple, in the order of the key's columns.</param>
    /// <param name="options">Row locks, or that the server is to be asked in any case.</param>
    /// <param name="cancellation">Cancels the query.</param>
    public async ValueTask<T?> GetAsync<T>(object key, GetOptions? options = null, CancellationToken cancellation = default) where T : class
    {
        ArgumentNullException.ThrowIfNull(key);
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.GetAsync<T>(key, options ?? GetOptions.Default, Autoflushes, cancellation).ConfigureAwait(false);
    }

    /// <summary>The same for a row that must be there; else <c>RowMissing</c>.</summary>
    public async ValueTask<T> GetOneAsync<T>(object key, GetOptions? options = null, CancellationToken cancellation = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(key);
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.GetOneAsync<T>(key, options ?? GetOptions.Default, Autoflushes, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Adds an object: the next flush inserts its row. One whose deletion waits is kept instead; one that was detached stands for its row
    /// again. What cannot be added is refused here, or by the next flush if others had their turn (<c>SeveralRefused</c> if several).
    /// </summary>
    public void Add<T>(T entity) where T : class
    {
        ArgumentNullException.ThrowIfNull(entity);
        Do((_work, entity), static given =>
        {
            given._work.Zone.Add(given.entity, TypeOf(given.entity));
            given._work.NoteUnsent();
        });
    }

    /// <summary>Adds objects, in their order.</summary>
    public void AddRange<T>(IEnumerable<T> entities) where T : class
    {
        ArgumentNullException.ThrowIfNull(entities);
        // Read here and now: the caller may change its list as soon as this returns.
        T[] all = [.. entities];
        foreach (var one in all)
            ArgumentNullException.ThrowIfNull(one, nameof(entities));
        Do((_work, all), static given =>
        {
            given._work.Zone.AddRange(given.all);
            given._work.NoteUnsent();
        });
    }

    /// <summary>
    /// Puts a changed object, such as a record's `with`, in the place of the one that stands for its row; the flush sends what differs. If
    /// the row is not known, all columns are sent. One that was added and not sent is replaced too, unless the server is to give the key.
    /// </summary>
    public async ValueTask UpdateAsync<T>(T changed, CancellationToken cancellation = default) where T : class
    {
        ArgumentNullException.ThrowIfNull(changed);
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        await _work.UpdateAsync(changed, TypeOf(changed), cancellation).ConfigureAwait(false);
    }

    /// <summary>Marks an object's row to be deleted by the next flush. One that was only added leaves instead.</summary>
    public void Delete<T>(T entity) where T : class
    {
        ArgumentNullException.ThrowIfNull(entity);
        Do((_work, entity), static given =>
        {
            given._work.Zone.Delete(given.entity);
            given._work.NoteUnsent();
        });
    }

    /// <summary>
    /// Puts the values of a detached object onto the one that stands for its row, which is loaded if need be; when there is no such row, a
    /// copy is added. One whose version is not the row's is refused (<c>StaleRows</c>).
    /// </summary>
    /// <returns>The object that this session holds.</returns>
    public async ValueTask<T> MergeAsync<T>(T detached, CancellationToken cancellation = default) where T : class
    {
        ArgumentNullException.ThrowIfNull(detached);
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.MergeAsync(detached, Autoflushes, cancellation).ConfigureAwait(false);
    }

    /// <summary>Loads an object's row anew, over changes that were not sent. A row that is gone is <c>RowMissing</c>.</summary>
    /// <returns>The object that stands for the row: itself, or for one that cannot be changed another.</returns>
    public async ValueTask<T> RefreshAsync<T>(T entity, CancellationToken cancellation = default) where T : class
    {
        ArgumentNullException.ThrowIfNull(entity);
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.RefreshAsync(entity, cancellation).ConfigureAwait(false);
    }

    /// <summary>What is known of an object's row is out of date: the next get or query loads it anew.</summary>
    public void Expire(object entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        Do((_work, entity), static given => given._work.Zone.Expire(given.entity));
    }

    /// <summary>The session knows an object no more; what was not sent of it is not sent.</summary>
    public void Expunge(object entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        Do((_work, entity), static given => given._work.Zone.Expunge(given.entity));
    }

    /// <summary>The session knows no object any more.</summary>
    public void ExpungeAll() => Do(_work, static work => work.Zone.ExpungeAll());

    /// <summary>What an object is to this session.</summary>
    public async ValueTask<ObjectState> StateOfAsync(object entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        using var turn = await AfterFailureAsync().ConfigureAwait(false);
        return _work.Zone.StateOf(entity);
    }

    /// <summary>
    /// Runs a statement and reads its rows. Rows of an entity become the objects that stand for them: one that is known and not out of date
    /// is handed out as it is. Pending work is sent before, so that the query sees it.
    /// </summary>
    public ValueTask<IReadOnlyList<T>> QueryAsync<T>(SqlInterpolation sql, CancellationToken cancellation = default) =>
        QueryAsync<T>(sql.ToStatement(), cancellation);

    /// <inheritdoc cref="QueryAsync{T}(SqlInterpolation, CancellationToken)"/>
    public async ValueTask<IReadOnlyList<T>> QueryAsync<T>(Statement statement, CancellationToken cancellation = default)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.QueryAsync<T>(statement, Autoflushes, cancellation).ConfigureAwait(false);
    }

    /// <summary>Runs any other statement; pending work is sent before. The rows it changed; -1 when it changes none.</summary>
    public ValueTask<long> ExecuteAsync(SqlInterpolation sql, CancellationToken cancellation = default) =>
        ExecuteAsync(sql.ToStatement(), cancellation);

    /// <inheritdoc cref="ExecuteAsync(SqlInterpolation, CancellationToken)"/>
    public async ValueTask<long> ExecuteAsync(Statement statement, CancellationToken cancellation = default)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.ExecuteAsync(statement, Autoflushes, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Updates rows of an entity's table without loading them: <c>BulkUpdateAsync&lt;Item&gt;($"set price = price * {factor} where kind =
    /// {kind}")</c>. Objects of the table are out of date behind it.
    /// </summary>
    /// <returns>How many rows.</returns>
    public async ValueTask<long> BulkUpdateAsync<T>(SqlInterpolation setAndWhere, CancellationToken cancellation = default) where T : class
    {
        var rest = setAndWhere.ToStatement();
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.BulkAsync<T>("update", rest, Autoflushes, cancellation).ConfigureAwait(false);
    }

    /// <summary>Deletes rows of a table without loading them: <c>BulkDeleteAsync&lt;Item&gt;($"where kind = {kind}")</c>.</summary>
    /// <returns>How many rows.</returns>
    public async ValueTask<long> BulkDeleteAsync<T>(SqlInterpolation where, CancellationToken cancellation = default) where T : class
    {
        var rest = where.ToStatement();
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.BulkAsync<T>("delete from", rest, Autoflushes, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Reads any number of rows by a server cursor, in constant memory; they are values, not objects of the session. Other commands run
    /// between its chunks, also from inside the loop. Idle for `broker.sessions.cursor-idle-limit` it is closed (<c>CursorRefused</c>).
    /// </summary>
    /// <param name="sql">A query that changes nothing.</param>
    /// <param name="chunkRows">How many rows are fetched at a time.</param>
    /// <param name="cancellation">Ends it.</param>
    public IAsyncEnumerable<T> StreamAsync<T>(SqlInterpolation sql, int chunkRows = 500, CancellationToken cancellation = default) =>
        StreamAsync<T>(sql.ToStatement(), chunkRows, cancellation);

    /// <inheritdoc cref="StreamAsync{T}(SqlInterpolation, int, CancellationToken)"/>
    public async IAsyncEnumerable<T> StreamAsync<T>(Statement statement, int chunkRows = 500,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunkRows, 1);
        var cursor = new CursorId(Interlocked.Increment(ref _cursors));
        var chunk = await FetchFirstAsync(cursor, statement, chunkRows, cancellation).ConfigureAwait(false);
        try
        {
            while (true)
            {
                if (chunk.Rows.Count > 0)
                {
                    var read = RowMapper<T>.For(chunk.Rows);
                    for (var row = 0; row < chunk.Rows.Count; row++)
                        yield return read(chunk.Rows, row);
                }

                if (chunk.Ended)
                    yield break;
                chunk = await FetchNextAsync(cursor, chunkRows, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            if (!chunk.Ended)
                await CloseCursorAsync(cursor).ConfigureAwait(false);
        }
    }

    /// <summary>Sends pending work: all of it in one round trip, where no key has to be drawn before. It is not committed.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellation = default)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        await _work.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Sends pending work and commits. It covers what all handles of the conversation have sent. The outcome is always known: a connection
    /// lost at COMMIT is settled by asking the server; if neither it nor the ledger can tell, the failure is <c>CommitUnknown</c>.
    /// Cancelling does not end a COMMIT that was sent.
    /// </summary>
    /// <param name="cancellation">Cancels what is before the COMMIT.</param>
    public ValueTask<CommitReceipt> CommitAsync(CancellationToken cancellation = default) => CommitAsync(null, cancellation);

    /// <summary>The same, recorded in the ledger under a key: what was committed under a key is not committed again.</summary>
    public async ValueTask<CommitReceipt> CommitAsync(string? idempotencyKey, CancellationToken cancellation = default)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.CommitAsync(idempotencyKey, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Rolls the whole transaction back, nested scopes included. Objects that were added are transient again, deleted ones persistent,
    /// changed ones and keys as they were; all are out of date.
    /// </summary>
    public async ValueTask RollbackAsync(CancellationToken cancellation = default)
    {
        using var turn = await AfterFailureAsync(cancellation).ConfigureAwait(false);
        await _work.RollbackAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends pending work and opens a nested scope: <c>await using var scope = await session.BeginNestedAsync()</c>.</summary>
    public async ValueTask<NestedScope> BeginNestedAsync(CancellationToken cancellation = default)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return new(this, await _work.OpenScopeAsync(cancellation).ConfigureAwait(false));
    }

    /// <summary>
    /// Takes note of what other handles did to the conversation (<c>ConversationMoved</c> told of it): after a commit rows are out of date;
    /// after a rollback objects of which this handle had sent something are as after its own, with what was done to them later, and those
    /// of which it had sent nothing are left as they are, still to be sent. Writes and commits are possible again.
    /// </summary>
    /// <returns>What they did, oldest first; nothing when nothing was told.</returns>
    public async ValueTask<ImmutableArray<ConversationMove>> AcknowledgeAsync()
    {
        using var turn = await AfterFailureAsync().ConfigureAwait(false);
        return await _work.AcknowledgeAsync().ConfigureAwait(false);
    }

    /// <summary>Sends nothing before queries for as long as this is not disposed: for this flow of control and what it calls.</summary>
    public IDisposable NoAutoflush() => Quiet.Begin(this);

    /// <summary>Ends this handle; if it opened the conversation or is its last, what is not committed is rolled back.</summary>
    public ValueTask CloseAsync() => DisposeAsync();

    /// <inheritdoc cref="CloseAsync"/>
    public async ValueTask DisposeAsync()
    {
        _work.Hooks.RefuseReentry();
        GC.SuppressFinalize(this);
        await _link.LeaveAsync().ConfigureAwait(false);
        using var turn = await _turns.NextAsync().ConfigureAwait(false);
        _work.Leave();
    }

    /// <summary>The same without waiting until it is over, for scopes that cannot wait.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _link.Leave();
        _turns.Do(_work, static work => work.Leave(), static (_, _) => { });
    }

    internal async ValueTask ReleaseAsync(ScopeId scope, CancellationToken cancellation)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        await _work.ReleaseScopeAsync(scope, cancellation).ConfigureAwait(false);
    }

    internal async ValueTask RollbackAsync(ScopeId scope, CancellationToken cancellation)
    {
        using var turn = await AfterFailureAsync(cancellation).ConfigureAwait(false);
        await _work.RollbackScopeAsync(scope, cancellation).ConfigureAwait(false);
    }

    internal async ValueTask EndAsync(ScopeId scope)
    {
        using var turn = await AfterFailureAsync().ConfigureAwait(false);
        await _work.EndScopeAsync(scope).ConfigureAwait(false);
    }

    private bool Autoflushes => _options.Autoflush && !Quiet.Holds(this);

    private async ValueTask<CursorRows> FetchFirstAsync(CursorId cursor, Statement statement, int rows, CancellationToken cancellation)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.OpenCursorAsync(cursor, statement, rows, Autoflushes, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<CursorRows> FetchNextAsync(CursorId cursor, int rows, CancellationToken cancellation)
    {
        using var turn = await NextAsync(cancellation).ConfigureAwait(false);
        return await _work.FetchAsync(cursor, rows, cancellation).ConfigureAwait(false);
    }

    private async ValueTask CloseCursorAsync(CursorId cursor)
    {
        using var turn = await AfterFailureAsync().ConfigureAwait(false);
        if (_link.Failed is null && !_link.HasLeft)
            await _work.CloseCursorAsync(cursor).ConfigureAwait(false);
    }

    /// <summary>The next turn, in a conversation that has not failed.</summary>
    private async ValueTask<Turn> NextAsync(CancellationToken cancellation)
    {
        var turn = await AfterFailureAsync(cancellation).ConfigureAwait(false);
        try
        {
            await _work.RefuseWhenUnusableAsync(cancellation).ConfigureAwait(false);
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    private ValueTask<Turn> AfterFailureAsync(CancellationToken cancellation = default)
    {
        _work.Hooks.RefuseReentry();
        return _turns.NextAsync(cancellation);
    }

    private void Do<T>(T state, Action<T> work)
    {
        _work.Hooks.RefuseReentry();
        _turns.Do((_work, state, work), static given =>
        {
            given._work.RefuseWhenUnusable();
            given.work(given.state);
        }, static (given, refused) => given._work.RefuseLater(refused));
    }

    private static Type TypeOf<T>(T entity) where T : class => entity.GetType();
}
