using System.Collections.Immutable;
using System.Data;
using System.Data.Common;
using Broker.Client.Ado.Running;

namespace Broker.Client.Ado;

/// <summary>
/// Statements that are carried out in one round trip, all of them or none: outside a transaction they are one by themselves, within one
/// they are a part of it. Their results are here as a whole, up to `broker.errands.result-limit` together.
/// </summary>
public sealed class BrokerBatch : DbBatch
{
    private readonly BrokerDataSource? _source;
    private BrokerConnection? _connection;
    private int? _timeout;
    private Execution? _last;

    /// <summary>A batch without connection and commands.</summary>
    public BrokerBatch() { }

    /// <summary>A batch of a connection.</summary>
    public BrokerBatch(BrokerConnection? connection) => _connection = connection;

    /// <summary>A batch without a connection.</summary>
    internal BrokerBatch(BrokerDataSource source) => _source = source;

    /// <summary>The statements.</summary>
    public new BrokerBatchCommandCollection BatchCommands { get; } = [];

    /// <summary>In seconds; 0 for no limit. What is not given is the data source's.</summary>
    public override int Timeout
    {
        get => _timeout
            ?? (int)Math.Ceiling(
                ((_source ?? _connection?.Source)?.Options ?? BrokerDataSourceOptions.Default).CommandTimeout.TotalSeconds);
        set => _timeout = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Timeout can't be less than zero.");
    }

    /// <inheritdoc/>
    protected override DbBatchCommandCollection DbBatchCommands => BatchCommands;

    /// <inheritdoc/>
    protected override DbConnection? DbConnection
    {
        get => _connection;
        set => _connection = value is null or BrokerConnection
            ? (BrokerConnection?)value
            : throw new InvalidCastException($"a {value.GetType().Name} is no BrokerConnection");
    }

    /// <summary>Means nothing: a connection's batches are all in its transaction while it has one.</summary>
    protected override DbTransaction? DbTransaction { get; set; }

    /// <inheritdoc cref="BrokerCommand.Cancel"/>
    public override void Cancel() => Volatile.Read(ref _last)?.Cancel();

    /// <summary>Does nothing: the broker prepares what is worth it.</summary>
    public override void Prepare() { }

    /// <inheritdoc/>
    public override Task PrepareAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <summary>The rows changed by all statements; -1 when none changes any.</summary>
    public override int ExecuteNonQuery() => Waiting.For(RunAsync(CancellationToken.None)).Affected;

    /// <inheritdoc cref="ExecuteNonQuery"/>
    public override async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync(cancellationToken).ConfigureAwait(false)).Affected;

    /// <inheritdoc cref="BrokerCommand.ExecuteScalar"/>
    public override object? ExecuteScalar() => Waiting.For(RunAsync(CancellationToken.None)).First;

    /// <inheritdoc cref="BrokerCommand.ExecuteScalar"/>
    public override async Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync(cancellationToken).ConfigureAwait(false)).First;

    /// <inheritdoc/>
    protected override DbBatchCommand CreateDbBatchCommand() => new BrokerBatchCommand();

    /// <inheritdoc/>
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) =>
        Waiting.For(ReadAsync(behavior, CancellationToken.None));

    /// <inheritdoc/>
    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        await ReadAsync(behavior, cancellationToken).ConfigureAwait(false);

    private ValueTask<BrokerDataReader> ReadAsync(CommandBehavior behavior, CancellationToken cancellation) =>
        BrokerDataReader.OpenAsync(Begin, _connection, behavior, cancellation);

    private async ValueTask<Totals> RunAsync(CancellationToken cancellation) =>
        Totals.Of(await Begin(CommandBehavior.Default).RunAsync(cancellation).ConfigureAwait(false));

    private Execution Begin(CommandBehavior behavior)
    {
        var route = _source?.Route
            ?? (_connection ?? throw new InvalidOperationException("Connection property has not been initialized.")).Route;
        ImmutableArray<BrokerBatchCommand> commands = [.. BatchCommands.Cast<BrokerBatchCommand>()];
        var execution = new Execution(route, BrokerBatchCommand.StatementsOf(commands), behavior,
            TimeSpan.FromSeconds(Timeout)) { Commands = commands };
        Volatile.Write(ref _last, execution);
        return execution;
    }
}
