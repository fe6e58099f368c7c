using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Broker.Client.Entities;
using Broker.Client.Parameters;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Sessions;

/// <summary>What a session does, one turn at a time: between its holding zone, its hooks and its conversation.</summary>
internal sealed class SessionWork
{
    private readonly SessionLink _link;
    private readonly EntityMaps _maps;
    private readonly SessionOptions _options;
    private readonly Flusher _flusher;
    private readonly EntityQueries _queries;
    private List<Exception>? _refusedLater;
    private long _scopes;

    internal SessionWork(SessionLink link, SessionEntities entities, SessionOptions options)
    {
        (_link, _maps, _options) = (link, new(entities, link), options);
        Zone = new(entities);
        Hooks = new(Zone, link);
        _flusher = new(Zone, link, _maps, options.Hooks, Hooks);
        _queries = new(Zone, link, _maps);
    }

    /// <summary>What the handle holds.</summary>
    internal HoldingZone Zone { get; }

    /// <summary>Calls the hooks.</summary>
    internal Hooking Hooks { get; }

    /// <summary>
    /// Something that was asked for while others had their turn could not be done; whoever flushes next hears of all of it.
    /// </summary>
    internal void RefuseLater(Exception refused) => (_refusedLater ??= []).Add(refused);

    /// <summary>
    /// The handle has left. What it had not committed is rolled back, unless the conversation is another's and may go on.
    /// </summary>
    internal void Leave()
    {
        if (_link.Joined)
            Zone.ExpungeAll();
        else
            Zone.Abandon(withdraw: true);
    }

    /// <summary>Nobody holds the handle any more. Its objects may be held elsewhere, and are left as they are.</summary>
    internal void Forget()
    {
        if (_link.Joined)
            Zone.ExpungeAll();
        else
            Zone.Abandon(withdraw: false);
    }

    /// <summary>
    /// Refuses what needs no command when the handle has left, or its conversation has failed. One with other handles may have been rolled
    /// back by them, so it tells by itself when the command comes to it.
    /// </summary>
    internal void RefuseWhenUnusable()
    {
        _link.RefuseWhenLeft();
        if (_link is { Failed: { } cause, Shared: false })
            throw new BrokerException(new ConversationFailed(_link.Session, cause));
    }

    /// <summary>The same, and asks a conversation with other handles.</summary>
    internal ValueTask RefuseWhenUnusableAsync(CancellationToken cancellation)
    {
        RefuseWhenUnusable();
        return _link.Failed is null ? ValueTask.CompletedTask : AskWhetherFailedAsync(cancellation);
    }

    private async ValueTask AskWhetherFailedAsync(CancellationToken cancellation) =>
        await _link.RunAsync<Flushed>(new Flush([]), cancellation).ConfigureAwait(false);

    internal async ValueTask<T?> GetAsync<T>(object key, GetOptions options, bool autoflush, CancellationToken cancellation) where T : class
    {
        var map = await _maps.MapAsync(typeof(T), cancellation).ConfigureAwait(false);
        var row = KeyOf(map, key);
        if (Known<T>(map, row, options) is { } known)
            return known;
        await AutoflushAsync(autoflush, cancellation).ConfigureAwait(false);
        return Known<T>(map, row, options) ?? await _queries.LoadAsync<T>(map, row, options, cancellation).ConfigureAwait(false);
    }

    internal async ValueTask<T> GetOneAsync<T>(object key, GetOptions options, bool autoflush, CancellationToken cancellation)
        where T : class =>
        await GetAsync<T>(key, options, autoflush, cancellation).ConfigureAwait(false)
        ?? throw new BrokerException(new RowMissing(ParameterTypes.NameOf(typeof(T)), $"{key}"));

    internal async ValueTask UpdateAsync(object changed, Type type, CancellationToken cancellation)
    {
        var map = await _maps.MapAsync(type, cancellation).ConfigureAwait(false);
        Zone.Update(changed, map);
        NoteUnsent();
    }

    /// <summary>
    /// The values of a detached object go onto the one that stands for its row, which is loaded if need be; or it is added as a new one.
    /// </summary>
    internal async ValueTask<T> MergeAsync<T>(T detached, bool autoflush, CancellationToken cancellation) where T : class
    {
        if (Zone.Find(detached) is not null)
            return detached;
        var map = await _maps.MapAsync(typeof(T), cancellation).ConfigureAwait(false);
        if (map.IsKeyUnset(detached) || await GetAsync<T>(map.KeyOf(detached), GetOptions.Default, autoflush, cancellation)
            .ConfigureAwait(false) is not { } present)
        {
            var added = (T)map.Copy(detached);
            Zone.Add(added, typeof(T));
            NoteUnsent();
            return added;
        }

        if (map.Version is { } version && !version.Column.Same(detached, present))
            throw new BrokerException(new StaleRows(map.Name, [map.KeyOf(detached).ToString()]));
        if (map.IsImmutable)
        {
            if (map.ChangedColumns(detached, present).IsEmpty)
                return present;
            Zone.Update(detached, map);
            NoteUnsent();
            return detached;
        }

        map.Overwrite(present, detached);
        Zone.NoteChanged(present);
        NoteUnsent();
        return present;
    }

    internal async ValueTask<T> RefreshAsync<T>(T entity, CancellationToken cancellation) where T : class
    {
        if (Zone.Find(entity) is not { Map: not null, Key: { } key } tracked)
            throw new BrokerException(new EntityRefused(ParameterTypes.NameOf(typeof(T)), null,
                "it stands for no row that this session knows"));
        var map = await _maps.MapAsync(tracked.Type, cancellation).ConfigureAwait(false);
        return await _queries.LoadAsync<T>(map, key, new() { Refresh = true }, cancellation).ConfigureAwait(false)
            ?? throw new BrokerException(new RowMissing(map.Name, key.ToString()));
    }

    internal async ValueTask<IReadOnlyList<T>> QueryAsync<T>(Statement statement, bool autoflush, CancellationToken cancellation)
    {
        await AutoflushAsync(autoflush, cancellation).ConfigureAwait(false);
        return await _queries.QueryAsync<T>(statement, refresh: false, cancellation).ConfigureAwait(false);
    }

    internal async ValueTask<long> ExecuteAsync(Statement statement, bool autoflush, CancellationToken cancellation)
    {
        await AutoflushAsync(autoflush, cancellation).ConfigureAwait(false);
        return (await _queries.ExecuteAsync(statement, cancellation).ConfigureAwait(false)).Affected;
    }

    /// <summary>
    /// Runs `UPDATE table ...` or `DELETE FROM table ...` over rows that need not be loaded; those that are known are out of date behind
    /// it.
    /// </summary>
    internal async ValueTask<long> BulkAsync<T>(string verb, Statement rest, bool autoflush, CancellationToken cancellation) where T : class
    {
        var map = await _maps.MapAsync(typeof(T), cancellation).ConfigureAwait(false);
        await AutoflushAsync(autoflush, cancellation).ConfigureAwait(false);
        var statement = rest with { Text = $"{verb} {map.Table.Quoted} {rest.Text}" };
        var affected = (await _queries.ExecuteAsync(statement, cancellation).ConfigureAwait(false)).Affected;
        Zone.ExpireTables([map.Table.FullName]);
        return affected;
    }

    internal async ValueTask<CursorRows> OpenCursorAsync(CursorId cursor, Statement statement, int rows, bool autoflush,
        CancellationToken cancellation)
    {
        await AutoflushAsync(autoflush, cancellation).ConfigureAwait(false);
        return await _link.RunAsync<CursorRows>(new OpenCursor(cursor, statement, rows), cancellation).ConfigureAwait(false);
    }

    internal ValueTask<CursorRows> FetchAsync(CursorId cursor, int rows, CancellationToken cancellation) =>
        _link.RunAsync<CursorRows>(new FetchCursor(cursor, rows), cancellation);

    /// <summary>Closes a cursor. No refusal is thrown, which would hide why its rows are left.</summary>
    internal async ValueTask CloseCursorAsync(CursorId cursor)
    {
        try
        {
            await _link.RunAsync<CursorClosed>(new CloseCursor(cursor), CancellationToken.None).ConfigureAwait(false);
        }
        catch (BrokerException)
        {
            // It ends with its transaction at the latest.
        }
    }

    internal async ValueTask FlushAsync(CancellationToken cancellation)
    {
        TellRefusedLater();
        await _flusher.FlushAsync(cancellation).ConfigureAwait(false);
    }

    internal async ValueTask<CommitReceipt> CommitAsync(string? key, CancellationToken cancellation)
    {
        TellRefusedLater();
        await Hooks.CallAsync(_options.Hooks.BeforeCommit, nameof(SessionHooks.BeforeCommit), committed: false, cancellation)
            .ConfigureAwait(false);
        var committed = await _flusher.FlushWithAsync(
            CommitOf(key), static (Committed done) => done.Results, cancellation).ConfigureAwait(false);
        Zone.Committed(_options.ExpireOnCommit);
        _maps.Ended();
        var warnings = _flusher.TakeWarnings();
        _queries.ExpireStale();
        await Hooks.CallAsync(_options.Hooks.AfterCommit, nameof(SessionHooks.AfterCommit), committed: true, cancellation)
            .ConfigureAwait(false);
        return new(committed.TransactionId, committed.Unsent, committed.Settled, warnings);
    }

    internal async ValueTask RollbackAsync(CancellationToken cancellation)
    {
        _refusedLater = null;
        try
        {
            await Hooks.CallAsync(_options.Hooks.BeforeRollback, nameof(SessionHooks.BeforeRollback), committed: false, cancellation)
                .ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is SessionHookFailed)
        {
            // A rollback is the only way out of a failure, so no hook may be in its way.
            await RollbackTransactionAsync(cancellation).ConfigureAwait(false);
            throw;
        }

        await RollbackTransactionAsync(cancellation).ConfigureAwait(false);
        await Hooks.CallAsync(_options.Hooks.AfterRollback, nameof(SessionHooks.AfterRollback), committed: false, cancellation)
            .ConfigureAwait(false);
    }

    private async ValueTask RollbackTransactionAsync(CancellationToken cancellation)
    {
        try
        {
            await _link.RunAsync<RolledBack>(Rollback.Instance, cancellation).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is ConversationGone)
        {
            // Its end has rolled back what it had not committed.
            Zone.RolledBack(keepUnsent: false);
            throw;
        }

        Zone.RolledBack(keepUnsent: false);
        _maps.Ended();
    }

    internal async ValueTask<ScopeId> OpenScopeAsync(CancellationToken cancellation)
    {
        TellRefusedLater();
        var scope = new ScopeId(++_scopes);
        await _flusher.FlushWithAsync(steps => new OpenScope(scope, steps), static (ScopeOpened opened) => opened.Results, cancellation)
            .ConfigureAwait(false);
        Zone.Scopes.Begin(scope);
        return scope;
    }

    internal async ValueTask ReleaseScopeAsync(ScopeId scope, CancellationToken cancellation)
    {
        TellRefusedLater();
        RefuseUnlessInnermost(scope);
        await _flusher.FlushWithAsync(
            steps => new ReleaseScope(scope, steps), static (ScopeReleased released) => released.Results, cancellation)
                .ConfigureAwait(false);
        Zone.Scopes.Release();
    }

    internal async ValueTask RollbackScopeAsync(ScopeId scope, CancellationToken cancellation)
    {
        _refusedLater = null;
        // Those inside it that are still open end with it.
        if (!Zone.Scopes.Has(scope))
            throw new BrokerException(new ScopeRefused(_link.Session, scope, "it is over"));
        await _link.RunAsync<ScopeRolledBack>(new RollbackScope(scope), cancellation).ConfigureAwait(false);
        Zone.RollbackScope(scope);
    }

    /// <summary>Rolls a scope back, unless it ended with the transaction. No refusal is thrown, which would hide why it is left.</summary>
    internal async ValueTask EndScopeAsync(ScopeId scope)
    {
        if (!Zone.Scopes.Has(scope) || _link.HasLeft)
            return;
        try
        {
            await RollbackScopeAsync(scope, CancellationToken.None).ConfigureAwait(false);
        }
        catch (BrokerException)
        {
            // Nobody may commit what was to be undone. A conversation that failed, or that others moved, sees to that itself.
            if (_link is { Failed: null, Moved: null })
                _link.Leave();
        }
    }

    /// <summary>
    /// Applies what other handles did, and lets this one go on. One that was refused for a failure is told now whether others have rolled
    /// it back.
    /// </summary>
    internal async ValueTask<ImmutableArray<ConversationMove>> AcknowledgeAsync()
    {
        try
        {
            if (_link is { Failed: not null, Shared: true })
                await AskWhetherFailedAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is ConversationMoved or ConversationFailed)
        {
            // Taken note of.
        }

        if (_link.Moved is not { } moved)
            return [];
        foreach (var move in moved.Moves)
        {
            switch (move.How)
            {
                case MovedBy.Commit: Zone.Committed(expire: true); break;
                case MovedBy.Rollback: Zone.RolledBack(keepUnsent: true); break;
                case MovedBy.RollbackToScope: Zone.ExpireTables(["*"]); break;
            }
        }

        _link.Acknowledge();
        return moved.Moves;
    }

    /// <summary>Tells the others of the conversation how much is not sent, if there are others.</summary>
    internal void NoteUnsent()
    {
        if (_link.Shared)
            _link.Note(Zone.Unsent);
    }

    /// <summary>A key as a caller gives it: one value, or a tuple of those of a composite key.</summary>
    private static EntityKey KeyOf(EntityMap map, object key) => key switch
    {
        EntityKey known => known,
        ITuple tuple => map.KeyFrom([.. Enumerable.Range(0, tuple.Length).Select(i => tuple[i])]),
        _ => map.KeyFrom(key),
    };

    private T? Known<T>(EntityMap map, EntityKey key, GetOptions options) where T : class =>
        !options.AsksServer && Zone.Find(map, key) is { Expired: false, State: ObjectState.Persistent, Entity: T entity } ? entity : null;

    private async ValueTask AutoflushAsync(bool autoflush, CancellationToken cancellation)
    {
        if (!autoflush)
            return;
        TellRefusedLater();
        await _flusher.AutoflushAsync(cancellation).ConfigureAwait(false);
    }

    private void TellRefusedLater()
    {
        if (_refusedLater is not { Count: > 0 } refused)
            return;
        _refusedLater = null;
        throw refused is [var only] ? only
            : refused.TrueForAll(static one => one is BrokerException) ? new BrokerException(
                new SeveralRefused([.. refused.Select(static one => ((BrokerException)one).Failure)]), new AggregateException(refused))
            : new AggregateException(refused);
    }

    private static Func<ImmutableArray<FlushStep>, ISessionCommand> CommitOf(string? key) =>
        key is null ? static steps => new Commit(steps, null) : KeyedCommitOf(key);

    private static Func<ImmutableArray<FlushStep>, ISessionCommand> KeyedCommitOf(string key) => steps => new Commit(steps, key);

    private void RefuseUnlessInnermost(ScopeId scope)
    {
        if (Zone.Scopes.Innermost.Scope != scope)
            throw new BrokerException(new ScopeRefused(_link.Session, scope,
                Zone.Scopes.Has(scope) ? "another one inside it is open" : "it is over"));
    }
}
