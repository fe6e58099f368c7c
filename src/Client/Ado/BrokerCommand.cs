using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Broker.Client.Ado.Running;
using Broker.Client.Ado.Writing;

namespace Broker.Client.Ado;

/// <summary>
/// A statement, or several with semicolons between. Outside a transaction one statement is an errand, and several are one transaction;
/// within one they are a part of it, whatever <see cref="DbCommand.Transaction"/> says. A result is here as a whole, up to
/// `broker.errands.result-limit`, unless the command streams.
/// </summary>
public sealed class BrokerCommand : DbCommand
{
    private readonly BrokerDataSource? _source;
    private BrokerConnection? _connection;
    private string _text = "";
    private int? _timeout;
    private Execution? _last;

    /// <summary>A command without connection and text.</summary>
    public BrokerCommand() { }

    /// <summary>A command of a connection.</summary>
    public BrokerCommand(string? text, BrokerConnection? connection = null) => (CommandText, _connection) = (text, connection);

    /// <summary>A command without a connection: each execution is outside any transaction.</summary>
    internal BrokerCommand(BrokerDataSource source, string? text) => (_source, CommandText) = (source, text);

    /// <inheritdoc/>
    [AllowNull]
    public override string CommandText
    {
        get => _text;
        set => _text = value ?? "";
    }

    /// <summary>In seconds; 0 for no limit. What is not given is the data source's.</summary>
    public override int CommandTimeout
    {
        get => _timeout ?? (int)Math.Ceiling(Options.CommandTimeout.TotalSeconds);
        set => _timeout = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "CommandTimeout can't be less than zero.");
    }

    /// <inheritdoc/>
    public override CommandType CommandType { get; set; } = CommandType.Text;

    /// <summary>
    /// Whether a query's rows are read as they come, so that a result of any size takes constant memory: outside a transaction it then
    /// runs alone on a connection lent for its time, within one by a cursor. What is not given is the data source's.
    /// </summary>
    public bool? Streaming { get; set; }

    /// <summary>The values.</summary>
    public new BrokerParameterCollection Parameters { get; } = [];

    /// <inheritdoc/>
    public override bool DesignTimeVisible { get; set; }

    /// <inheritdoc/>
    public override UpdateRowSource UpdatedRowSource { get; set; } = UpdateRowSource.Both;

    /// <inheritdoc/>
    protected override DbConnection? DbConnection
    {
        get => _connection;
        set => _connection = value is null or BrokerConnection
            ? (BrokerConnection?)value
            : throw new InvalidCastException($"a {value.GetType().Name} is no BrokerConnection");
    }

    /// <inheritdoc/>
    protected override DbParameterCollection DbParameterCollection => Parameters;

    /// <summary>Means nothing: a connection's commands are all in its transaction while it has one.</summary>
    protected override DbTransaction? DbTransaction { get; set; }

    private BrokerDataSourceOptions Options => (_source ?? _connection?.Source)?.Options ?? BrokerDataSourceOptions.Default;

    /// <summary>
    /// Ends what is under way, if anything is: it then throws an <see cref="OperationCanceledException"/>, or ends with its true outcome.
    /// </summary>
    public override void Cancel() => Volatile.Read(ref _last)?.Cancel();

    /// <summary>Does nothing: the broker prepares what is worth it.</summary>
    public override void Prepare() { }

    /// <inheritdoc/>
    public override Task PrepareAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <summary>The rows changed; -1 when there are none to change.</summary>
    public override int ExecuteNonQuery() => Waiting.For(RunAsync(CancellationToken.None)).Affected;

    /// <inheritdoc cref="ExecuteNonQuery"/>
    public override async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) =>
        (await RunAsync(cancellationToken).ConfigureAwait(false)).Affected;

    /// <summary>The first value of the first row; null for no row, DBNull for NULL.</summary>
    public override object? ExecuteScalar() => First(Waiting.For(RunAsync(CancellationToken.None)));

    /// <inheritdoc cref="ExecuteScalar"/>
    public override async Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) =>
        First(await RunAsync(cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) =>
        Waiting.For(ReadAsync(behavior, CancellationToken.None));

    /// <inheritdoc/>
    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        await ReadAsync(behavior, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    protected override DbParameter CreateDbParameter() => new BrokerParameter();

    private ValueTask<BrokerDataReader> ReadAsync(CommandBehavior behavior, CancellationToken cancellation) =>
        BrokerDataReader.OpenAsync(Begin, _connection, behavior, cancellation);

    /// <summary>Runs it for what is read at once.</summary>
    private async ValueTask<Totals> RunAsync(CancellationToken cancellation) =>
        Totals.Of(await Begin(CommandBehavior.Default).RunAsync(cancellation).ConfigureAwait(false));

    private static object? First(Totals totals) => totals.First;

    private Execution Begin(CommandBehavior behavior)
    {
        var route = _source?.Route
            ?? (_connection ?? throw new InvalidOperationException("Connection property has not been initialized.")).Route;
        var execution = new Execution(route, CommandWriter.Write(_text, CommandType, Parameters), behavior,
            TimeSpan.FromSeconds(CommandTimeout)) { Streams = Streaming ?? Options.Streaming };
        Volatile.Write(ref _last, execution);
        return execution;
    }
}
