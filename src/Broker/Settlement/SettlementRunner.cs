using System.Collections.Immutable;
using System.Data;
using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Settlement;

/// <summary>
/// Carries out the steps of a settlement on a connection lent for it. When that connection fails the state comes back without an outcome:
/// run it again, after its <see cref="SettlementState.Pause"/>, on another connection; the settle timeout counts on.
/// </summary>
internal sealed class SettlementRunner
{
    private readonly LedgerStatements? _ledger;
    private readonly TimeProvider _time;

    /// <param name="ledger">The ledger, if the pool has one.</param>
    /// <param name="time">The clock of pauses and of the timeout.</param>
    internal SettlementRunner(LedgerTable? ledger, TimeProvider time)
    {
        _ledger = ledger is null ? null : new LedgerStatements(ledger);
        _time = time;
    }

    /// <summary>The clock that states begin by.</summary>
    internal TimeSpan Now => _time.GetElapsedTime(0);

    /// <summary>Begins a settlement.</summary>
    internal SettlementState Begin(CommitInDoubt doubt, SettleLimits limits) => SettlementState.Begin(doubt, limits, Now);

    /// <summary>A look, for a caller that could not lend a connection: the settlement counts it as a try.</summary>
    internal SettlementState NoConnection(SettlementState state, string cause) => state.TryFailed(cause, Now);

    /// <summary>Goes on until the outcome is there or the connection is not.</summary>
    /// <param name="state">Where the settlement is.</param>
    /// <param name="connection">An open connection of the same pool, in no transaction. The role may end its own backends.</param>
    /// <param name="cancel">Gives up; the outcome is then not known.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    internal async Task<SettlementState> RunAsync(SettlementState state, NpgsqlConnection connection, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(state.Left(Now), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        while (state.Outcome is null)
        {
            try
            {
                await Task.Delay(state.Pause, _time, either.Token);
                state = await StepAsync(state, connection, either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return state.TimedOut(Now);
            }
            catch (PostgresException refused) when (connection.State == ConnectionState.Open)
            {
                state = state.TryFailed(refused.MessageText, Now);
            }
            catch (Exception broken) when (broken is NpgsqlException or IOException or InvalidOperationException)
            {
                return state.TryFailed($"the settling connection failed: {broken.Message}", Now);
            }
        }
        return state;
    }

    private Task<SettlementState> StepAsync(SettlementState state, NpgsqlConnection connection, CancellationToken cancel) =>
        state.Next switch
    {
        SettlementStep.Look => LookAsync(state, connection, cancel),
        SettlementStep.AskStatus => AskStatusAsync(state, connection, cancel),
        SettlementStep.AskLedger => AskLedgerAsync(state, connection, cancel),
        SettlementStep.Done => Task.FromResult(state),
    };

    private async Task<SettlementState> LookAsync(SettlementState state, NpgsqlConnection connection, CancellationToken cancel) =>
        state.Saw(await ServerSighting.LookAsync(connection, state.Doubt.Backend, cancel), Now);

    private async Task<SettlementState> AskStatusAsync(SettlementState state, NpgsqlConnection connection, CancellationToken cancel)
    {
        try
        {
            return state.Answered(await TransactionStatusQuery.AskAsync(connection, state.Doubt.TransactionId!.Value, cancel), Now);
        }
        catch (PostgresException future) when (future.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            // an id that this server has not given out yet: it does not know the transaction
            return state.Answered(TransactionStatus.Forgotten, Now);
        }
    }

    private async Task<SettlementState> AskLedgerAsync(SettlementState state, NpgsqlConnection connection, CancellationToken cancel)
    {
        if (_ledger is null)
        {
            return state.LedgerFailed("none is configured (broker.errands.ledger.table)");
        }
        try
        {
            return state.Found(await SettleKeyAsync(_ledger.Settle(state.Doubt.Key!, state.Limits.LockTimeout), connection, cancel));
        }
        catch (PostgresException busy) when (busy.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            await RollbackAsync(connection);
            return state.LedgerBusy(Now);
        }
        catch (PostgresException refused) when (connection.State == ConnectionState.Open)
        {
            await RollbackAsync(connection);
            return state.LedgerFailed(refused.MessageText);
        }
        catch (OperationCanceledException) when (connection.State == ConnectionState.Open)
        {
            await RollbackAsync(connection);
            throw;
        }
    }

    private static async Task<LedgerEntry> SettleKeyAsync(ImmutableArray<Statement> steps, NpgsqlConnection connection,
        CancellationToken cancel)
    {
        await using var batch = BatchOf(connection, [.. steps]);
        LedgerEntry? entry = null;
        await using (var reader = await batch.ExecuteReaderAsync(cancel))
        {
            do
            {
                while (await reader.ReadAsync(cancel))
                {
                    entry = reader.FieldCount == 6 ? EntryOf(reader) : entry;
                }
            }
            while (await reader.NextResultAsync(cancel));
        }
        return entry!;
    }

    /// <summary>One row of <see cref="LedgerStatements.Find"/>.</summary>
    internal static LedgerEntry EntryOf(NpgsqlDataReader row) => LedgerStatements.Read(
        row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetValue(3) as string, row.GetValue(4) as long?,
            row.GetValue(5) as byte[]);

    /// <summary>After an error the block stays open, and the connection is lent on.</summary>
    private static async Task RollbackAsync(NpgsqlConnection connection)
    {
        await using var rollback = new NpgsqlBatch(connection) { BatchCommands = { new NpgsqlBatchCommand("rollback") } };
        await rollback.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Statements to be sent in one trip.</summary>
    internal static NpgsqlBatch BatchOf(NpgsqlConnection connection, params Statement[] statements)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(CommandOf(statement));
        }
        return batch;
    }

    private static NpgsqlBatchCommand CommandOf(Statement statement)
    {
        var command = new NpgsqlBatchCommand(statement.Text);
        var values = new Binding(command);
        foreach (var parameter in statement.Parameters)
        {
            parameter.Accept(values);
        }
        return command;
    }

    private sealed class Binding(NpgsqlBatchCommand command) : IParameterVisitor
    {
        public void Visit<T>(T value) where T : notnull => command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });

        public void VisitNull<T>() where T : notnull => command.Parameters.Add(new NpgsqlParameter<T?> { Value = DBNull.Value });
    }
}
