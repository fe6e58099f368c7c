using System.Data;
using System.Data.Common;
using Broker.Client.Ado.Running;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado;

/// <summary>
/// A transaction: a conversation of the broker, which borrows a server connection with its first statement and gives it back at its end.
/// Disposing one that was not committed rolls it back. After a statement that failed all others are refused with the original cause
/// (<c>ConversationFailed</c>) until a rollback, of the whole or to a savepoint; so is a commit, which undoes nothing silently.
/// </summary>
public sealed class BrokerTransaction : DbTransaction
{
    private readonly List<(string Name, ScopeId Scope)> _savepoints = [];
    private readonly BrokerConnection _connection;
    private bool _over;
    private bool _disposed;

    internal BrokerTransaction(BrokerConnection connection, Conversation conversation, IsolationLevel level) =>
        (_connection, Conversation, IsolationLevel) = (connection, conversation, level);

    /// <summary>The level that was asked for; where none was, that of the data source's terms.</summary>
    public override IsolationLevel IsolationLevel { get; }

    /// <summary>True: a nested scope of the conversation.</summary>
    public override bool SupportsSavepoints => true;

    /// <summary>How its statements travel.</summary>
    internal Conversation Conversation { get; }

    /// <summary>The connection; null when the transaction is over.</summary>
    protected override DbConnection? DbConnection => _over ? null : _connection;

    /// <summary>PostgreSQL's level for one of ADO.NET.</summary>
    /// <exception cref="NotSupportedException">It has none.</exception>
    internal static Isolation IsolationOf(IsolationLevel level) => level switch
    {
        // The server reads committed rows only.
        IsolationLevel.ReadCommitted or IsolationLevel.ReadUncommitted or IsolationLevel.Unspecified => Isolation.ReadCommitted,
        IsolationLevel.RepeatableRead or IsolationLevel.Snapshot => Isolation.RepeatableRead,
        IsolationLevel.Serializable => Isolation.Serializable,
        _ => throw new NotSupportedException($"PostgreSQL has no isolation level {level}"),
    };

    /// <summary>ADO.NET's level for one of PostgreSQL.</summary>
    internal static IsolationLevel LevelOf(Isolation isolation) => isolation switch
    {
        Isolation.ReadCommitted => IsolationLevel.ReadCommitted,
        Isolation.RepeatableRead => IsolationLevel.RepeatableRead,
        Isolation.Serializable => IsolationLevel.Serializable,
    };

    /// <summary>
    /// Commits. The outcome is always known: when the connection is lost meanwhile the server is asked, and only if it cannot tell, the
    /// failure is
    /// <c>CommitUnknown</c>. One that is refused leaves the transaction open for a rollback.
    /// </summary>
    public override void Commit() => Waiting.For(CommitNowAsync(CancellationToken.None));

    /// <inheritdoc cref="Commit"/>
    public override Task CommitAsync(CancellationToken cancellationToken = default) => CommitNowAsync(cancellationToken).AsTask();

    /// <summary>Rolls back.</summary>
    public override void Rollback() => Waiting.For(RollbackNowAsync(CancellationToken.None));

    /// <inheritdoc cref="Rollback()"/>
    public override Task RollbackAsync(CancellationToken cancellationToken = default) => RollbackNowAsync(cancellationToken).AsTask();

    /// <summary>Opens a savepoint.</summary>
    public override void Save(string savepointName) => Waiting.For(SaveNowAsync(savepointName, CancellationToken.None));

    /// <inheritdoc cref="Save"/>
    public override Task SaveAsync(string savepointName, CancellationToken cancellationToken = default) =>
        SaveNowAsync(savepointName, cancellationToken).AsTask();

    /// <summary>Undoes what was done since a savepoint, which stays.</summary>
    public override void Rollback(string savepointName) => Waiting.For(RollbackNowAsync(savepointName, CancellationToken.None));

    /// <inheritdoc cref="Rollback(string)"/>
    public override Task RollbackAsync(string savepointName, CancellationToken cancellationToken = default) =>
        RollbackNowAsync(savepointName, cancellationToken).AsTask();

    /// <summary>Ends a savepoint and those behind it; what was done stays.</summary>
    public override void Release(string savepointName) => Waiting.For(ReleaseNowAsync(savepointName, CancellationToken.None));

    /// <inheritdoc cref="Release"/>
    public override Task ReleaseAsync(string savepointName, CancellationToken cancellationToken = default) =>
        ReleaseNowAsync(savepointName, cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await EndAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Rolls back what was not committed.</summary>
    internal async ValueTask EndAsync()
    {
        if (_over)
            return;
        Over();
        await Conversation.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            Waiting.For(EndAsync());
        }

        base.Dispose(disposing);
    }

    private async ValueTask CommitNowAsync(CancellationToken cancellation)
    {
        RefuseWhenOver();
        await Conversation.CommitAsync(cancellation).ConfigureAwait(false);
        Over();
    }

    private async ValueTask RollbackNowAsync(CancellationToken cancellation)
    {
        RefuseWhenOver();
        await Conversation.RollbackAsync(cancellation).ConfigureAwait(false);
        Over();
    }

    private async ValueTask SaveNowAsync(string name, CancellationToken cancellation)
    {
        RefuseWhenOver();
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _savepoints.Add((name, await Conversation.OpenScopeAsync(cancellation).ConfigureAwait(false)));
    }

    // A scope is over when it is rolled back, and a savepoint is not: another takes its place.
    private async ValueTask RollbackNowAsync(string name, CancellationToken cancellation)
    {
        RefuseWhenOver();
        var index = Find(name);
        await Conversation.RollbackAsync(_savepoints[index].Scope, cancellation).ConfigureAwait(false);
        _savepoints.RemoveRange(index, _savepoints.Count - index);
        _savepoints.Add((name, await Conversation.OpenScopeAsync(cancellation).ConfigureAwait(false)));
    }

    private async ValueTask ReleaseNowAsync(string name, CancellationToken cancellation)
    {
        RefuseWhenOver();
        var index = Find(name);
        while (_savepoints.Count > index)
        {
            await Conversation.ReleaseAsync(_savepoints[^1].Scope, cancellation).ConfigureAwait(false);
            _savepoints.RemoveAt(_savepoints.Count - 1);
        }
    }

    private int Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return _savepoints.FindLastIndex(one => one.Name == name) is >= 0 and var index
            ? index
            : throw new ArgumentException($"there is no savepoint \"{name}\"", nameof(name));
    }

    private void RefuseWhenOver()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_over)
            throw new InvalidOperationException("This transaction has completed; it is no longer usable.");
    }

    private void Over()
    {
        _over = true;
        _connection.Ended(this);
    }
}
