using System.Collections.Immutable;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Broker.Client.Ado.Running;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado;

/// <summary>
/// A place where a transaction may be. It is open when its user says so; nothing is at the server for it. Its commands are errands, and
/// while it has a transaction they are a part of that. For one user at a time.
/// </summary>
public sealed class BrokerConnection : DbConnection
{
    private ConnectionState _state;
    private string _database;
    private ErrandRoute _errands;
    private string? _serverVersion;
    private bool _disposed;

    // Weak, so that one that nobody has any more is collected, and with it the server connection that it may have.
    private ImmutableArray<WeakReference<BrokerDataReader>> _readers = [];

    internal BrokerConnection(BrokerDataSource source) => (Source, _database, _errands) = (source, source.Database, source.Errands);

    /// <summary>The data source that it is of.</summary>
    internal BrokerDataSource Source { get; }

    /// <summary>The transaction that it is in; null for none.</summary>
    internal BrokerTransaction? Current { get; private set; }

    /// <summary>How its statements travel now.</summary>
    /// <exception cref="InvalidOperationException">It is not open.</exception>
    internal StatementRoute Route
    {
        get
        {
            RefuseUnlessOpen();
            return Current?.Conversation ?? (StatementRoute)_errands;
        }
    }

    /// <summary>That of its data source; no other can be given to it.</summary>
    /// <exception cref="NotSupportedException">Another is.</exception>
    [AllowNull]
    public override string ConnectionString
    {
        get => Source.ConnectionString;
        set
        {
            if (!string.IsNullOrEmpty(value) && value != Source.ConnectionString)
                throw new NotSupportedException(
                    "a connection is made by its data source, which knows the broker: a connection string cannot say where that is");
        }
    }

    /// <summary>The database's name in the broker's settings.</summary>
    public override string Database => _database;

    /// <summary>"broker": where the server is, the broker knows.</summary>
    public override string DataSource => "broker";

    /// <summary>Always 0: opening waits for nothing.</summary>
    public override int ConnectionTimeout => 0;

    /// <inheritdoc/>
    public override ConnectionState State => _state;

    /// <summary>The server's version, asked for when it is first wanted.</summary>
    public override string ServerVersion
    {
        get
        {
            RefuseUnlessOpen();
            return _serverVersion ??= Waiting.For(Source.Client.QuerySingleAsync<string>(_database,
                new Statement("select current_setting('server_version')")));
        }
    }

    /// <inheritdoc/>
    protected override DbProviderFactory DbProviderFactory => Source.Factory;

    /// <summary>Opens it; nothing is sent.</summary>
    /// <exception cref="InvalidOperationException">It is open.</exception>
    /// <exception cref="NotSupportedException">There is an ambient transaction, which could not be kept.</exception>
    public override void Open()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_state == ConnectionState.Open)
            throw new InvalidOperationException("Connection already open");
        RefuseAmbient("the connection", "open");
        SetState(ConnectionState.Open);
    }

    /// <inheritdoc cref="Open"/>
    public override Task OpenAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        Open();
        return Task.CompletedTask;
    }

    /// <summary>Closes it and its readers; a transaction that was not committed is rolled back.</summary>
    public override void Close() => Waiting.For(CloseNowAsync());

    /// <inheritdoc cref="Close"/>
    public override Task CloseAsync() => CloseNowAsync().AsTask();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await CloseNowAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Its statements go to another database of the broker from now on.</summary>
    /// <param name="databaseName">The database's name in the broker's settings.</param>
    /// <exception cref="InvalidOperationException">It is not open, or has a transaction.</exception>
    public override void ChangeDatabase(string databaseName)
    {
        ArgumentException.ThrowIfNullOrEmpty(databaseName);
        RefuseUnlessOpen();
        if (Current is not null)
            throw new InvalidOperationException("the connection has a transaction, which is with its database");
        (_database, _errands, _serverVersion) = (databaseName, new(Source.Client, databaseName), null);
    }

    /// <summary>A transaction.</summary>
    public new BrokerTransaction BeginTransaction(IsolationLevel isolationLevel = IsolationLevel.Unspecified)
    {
        RefuseUnlessOpen();
        if (Current is not null)
            throw new InvalidOperationException("A transaction is already in progress; nested/concurrent transactions aren't supported.");
        var level = Source.LevelOf(isolationLevel);
        return Current = new(this, Source.OpenConversation(_database, level), level);
    }

    /// <summary>True.</summary>
    public override bool CanCreateBatch => true;

    /// <summary>A command of this connection.</summary>
    public new BrokerCommand CreateCommand() => new(null, this);

    /// <summary>A batch of this connection.</summary>
    public new BrokerBatch CreateBatch() => new(this);

    /// <summary>Not supported: a broker's transactions are not promoted.</summary>
    /// <exception cref="NotSupportedException">There is a transaction.</exception>
    public override void EnlistTransaction(System.Transactions.Transaction? transaction)
    {
        if (transaction is not null)
            throw RefuseEnlisting("the connection", "open");
    }

    /// <summary>Refuses what would silently be no part of an ambient transaction.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="verb">What is done with it.</param>
    /// <exception cref="NotSupportedException">There is one.</exception>
    internal static void RefuseAmbient(string what, string verb)
    {
        if (System.Transactions.Transaction.Current is not null)
            throw RefuseEnlisting(what, verb);
    }

    /// <summary>The transaction is over.</summary>
    internal void Ended(BrokerTransaction transaction)
    {
        if (ReferenceEquals(Current, transaction))
            Current = null;
    }

    /// <summary>A reader of it was made.</summary>
    internal void Opened(BrokerDataReader reader) => ImmutableInterlocked.Update(ref _readers,
        static (all, added) => [.. all.Where(static one => one.TryGetTarget(out var known) && !known.IsClosed), added],
        new WeakReference<BrokerDataReader>(reader));

    /// <inheritdoc/>
    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => BeginTransaction(isolationLevel);

    /// <inheritdoc/>
    protected override DbCommand CreateDbCommand() => CreateCommand();

    /// <inheritdoc/>
    protected override DbBatch CreateDbBatch() => CreateBatch();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Close();
        _disposed = true;
        base.Dispose(disposing);
    }

    // The transaction first: its cursors end with it, and closing each of them would be a round trip.
    private async ValueTask CloseNowAsync()
    {
        try
        {
            if (Current is { } open)
                await open.EndAsync().ConfigureAwait(false);
            foreach (var one in ImmutableInterlocked.InterlockedExchange(ref _readers, []))
                if (one.TryGetTarget(out var reader))
                    await reader.CloseAsync().ConfigureAwait(false);
        }
        finally
        {
            SetState(ConnectionState.Closed);
        }
    }

    private static NotSupportedException RefuseEnlisting(string what, string verb) => new(
        $"{what} cannot take part in a System.Transactions transaction: begin one with BeginTransaction, or {verb} it under "
            + "TransactionScopeOption.Suppress");

    private void RefuseUnlessOpen()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_state != ConnectionState.Open)
            throw new InvalidOperationException("Connection is not open");
    }

    private void SetState(ConnectionState state)
    {
        var before = _state;
        _state = state;
        if (before != state)
            OnStateChange(new(before, state));
    }
}
