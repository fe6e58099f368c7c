using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Settlement;
using Npgsql;

namespace Broker.Errands.Keyed;

/// <summary>
/// Carries errands with an idempotency key over one connection, each alone: the key, the statement and what it answered become one
/// transaction of two round trips (`docs/ledger.md`). Before the second is sent nothing can have taken effect; a connection lost in it
/// leaves a commit in doubt. A key that is in the ledger already is answered from there. Belongs to one connection.
/// </summary>
internal sealed class KeyedTrips
{
    // The row of a taken key may be pruned before it is read, and the table be dropped after it was made: then all begins again, but not
    // for ever.
    private const int Attempts = 4;

    private readonly PoolId _pool;
    private readonly LedgerTable _table;
    private readonly LedgerStatements _statements;
    private readonly RowReader _rows;
    private readonly TripLimits _limits;
    private readonly TimeProvider _time;
    private volatile NpgsqlBatch? _underWay;

    internal KeyedTrips(PoolId pool, LedgerTable table, TripLimits limits, RowReader rows, TimeProvider time)
    {
        _pool = pool;
        _table = table;
        _statements = new(table);
        _rows = rows;
        _limits = limits;
        _time = time;
    }

    /// <summary>Asks the server to cancel what it is doing, if it is.</summary>
    internal Task CancelAsync() => _underWay is { } batch ? Task.Run(batch.RequestCancel) : Task.CompletedTask;

    /// <summary>Runs the errand to its end. Never throws.</summary>
    /// <param name="connection">An idle connection.</param>
    /// <param name="trip">A trip of one errand with a key.</param>
    /// <param name="cancelled">Whether the errand's caller has asked to cancel it by now.</param>
    internal async Task<TripOutcome> RunAsync(NpgsqlConnection connection, Trip trip, Func<bool> cancelled)
    {
        var began = _time.GetTimestamp();
        var errand = trip.Members[0];
        var write = new KeyedWrite(errand, _statements);
        KeyedStep next = new KeyedStep.Again();
        for (var attempt = 0; next is KeyedStep.Again && attempt < Attempts; attempt++)
        {
            next = await TryAsync(connection, write, mayMakeTable: attempt == 0);
        }
        // No times are learned from it: they are the ledger's as much as the text's.
        var report = new TripReport(trip, _time.GetElapsedTime(began), TimeSpan.Zero, 0, []);
        return next switch
        {
            KeyedStep.Answered answered => new TripOutcome.Clean(report) { Due = [(errand.Caller, answered.Reply)] },
            KeyedStep.Failed { Error: { } error } => await RolledBackAsync(connection, report, errand, ToReply(error, cancelled())),
            KeyedStep.Refused refused => await RolledBackAsync(connection, report, errand, new Refused(refused.Failure)),
            KeyedStep.Poisoned { Error: var stale } when stale.IsStalePreparation() && !errand.RunsAgain =>
                new TripOutcome.Unusable(report with { RunAgain = trip.Members }, CloseReason.Broken,
                    $"{stale.SqlState}: a prepared statement is out of date"),
            KeyedStep.Poisoned poisoned =>
                new TripOutcome.Unusable(report, CloseReason.Broken, $"{poisoned.Error.SqlState}: prepared statements are in doubt")
            {
                Due = [(errand.Caller, ToReply(poisoned.Error, cancelled()))],
            },
            KeyedStep.Lost lost => new TripOutcome.Unusable(report, CloseReason.Broken, lost.Cause)
            {
                Due = [(errand.Caller, new Refused(new ConnectionLost(_pool, $"{lost.Cause}; nothing of the statement took effect")))],
            },
            KeyedStep.InDoubt doubt =>
                new TripOutcome.InDoubt(report, new TripDoubt(doubt.TransactionId, [(errand, doubt.Answer)], TripDoubt.Nobody),
                    doubt.Cause),
            _ => await RolledBackAsync(connection, report, errand,
                new Refused(new LedgerUnavailable(_pool, $"the row of key '{write.Key}' comes and goes"))),
        };
    }

    private static Refused ToReply(PostgresException error, bool cancelled) =>
        new(cancelled && error.SqlState == PostgresErrorCodes.QueryCanceled
            ? new Cancelled("while it ran on the server")
            : error.ToFailure());

    private async Task<KeyedStep> TryAsync(NpgsqlConnection connection, KeyedWrite write, bool mayMakeTable)
    {
        KeyedStep.Written written;
        var first = write.First(connection);
        try
        {
            _underWay = first.Batch;
            var read = await write.ReadFirstAsync(first, _rows, _limits.ResultLimitOf(write.Errand));
            if (read is null)
            {
                return new KeyedStep.Refused(new ResultTooLarge(_limits.ResultLimitOf(write.Errand)));
            }
            if (_rows.Unreadable is { } unreadable)
            {
                // What cannot be read cannot be kept for whoever repeats the key either.
                return new KeyedStep.Refused(unreadable with { Reason = $"{unreadable.Reason}; nothing of the statement took effect" });
            }
            written = read;
        }
        catch (Exception exception)
        {
            return await AfterFirstAsync(connection, write, first, exception, mayMakeTable);
        }
        finally
        {
            _underWay = null;
        }
        return await CommitAsync(connection, write, written);
    }

    private async Task<KeyedStep> CommitAsync(NpgsqlConnection connection, KeyedWrite write, KeyedStep.Written written)
    {
        try
        {
            await using var second = write.Second(connection, written);
            _underWay = second;
            await second.ExecuteNonQueryAsync();
            return new KeyedStep.Answered(written.Answer);
        }
        catch (Exception exception)
        {
            return ServerErrors.In(exception) is { } error && IsWhole(connection, error)
                ? Failed(error)
                : new KeyedStep.InDoubt(written.TransactionId, written.Answer, exception.Cause());
        }
        finally
        {
            _underWay = null;
        }
    }

    /// <summary>What follows from an error in the first round trip: whose it is, and whether the key is taken.</summary>
    private async Task<KeyedStep> AfterFirstAsync(NpgsqlConnection connection, KeyedWrite write, KeyedFirst first, Exception exception,
        bool mayMakeTable)
    {
        if (ServerErrors.In(exception) is not { } error || !IsWhole(connection, error))
        {
            return new KeyedStep.Lost(exception.Cause());
        }
        if (write.IsTooLarge)
        {
            return new KeyedStep.Refused(new ResultTooLarge(_limits.ResultLimitOf(write.Errand)));
        }
        if (!ReferenceEquals(error.BatchCommand, first.Claim))
        {
            return Failed(error);
        }
        try
        {
            await ConnectionReset.RollbackAsync(connection);
            return error.SqlState switch
            {
                // Where the default isolation is stricter, a key committed meanwhile shows as a serialization failure.
                PostgresErrorCodes.SerializationFailure => await FindAsync(connection, write) is { } found ? found : Failed(error),
                _ when _table.IsKeyTaken(error) => await FindAsync(connection, write) ?? new KeyedStep.Again(),
                PostgresErrorCodes.UndefinedTable when mayMakeTable => await MakeTableAsync(connection),
                // What the caller may meet: locks, cancels, limits, a read-only server. All else is wrong with the table.
                _ when error.SqlState[..2] is "25" or "40" or "53" or "55" or "57" => Failed(error),
                _ => new KeyedStep.Refused(new LedgerUnavailable(_pool, $"table {_table.Quoted} cannot be written: {error.MessageText}")),
            };
        }
        catch (Exception lost)
        {
            return new KeyedStep.Lost(lost.Cause());
        }
    }

    private async Task<KeyedStep> MakeTableAsync(NpgsqlConnection connection)
    {
        try
        {
            await _table.CreateAsync(connection, CancellationToken.None);
            return new KeyedStep.Again();
        }
        catch (PostgresException error) when (IsWhole(connection, error))
        {
            return new KeyedStep.Refused(new LedgerUnavailable(
                _pool, $"table {_table.Quoted} does not exist and this role may not make it: {error.MessageText} "
                    + "(docs/ledger.md has the statements)"));
        }
    }

    private async Task<KeyedStep?> FindAsync(NpgsqlConnection connection, KeyedWrite write)
    {
        await using var find = SettlementRunner.BatchOf(connection, _statements.Find(write.Key));
        await using var row = await find.ExecuteReaderAsync();
        return await row.ReadAsync() ? new KeyedStep.Answered(ReplyOf(SettlementRunner.EntryOf(row), write)) : null;
    }

    private IBrokerReply ReplyOf(LedgerEntry entry, KeyedWrite write) => LedgerAnswer.For(entry, write.Fingerprint) switch
    {
        LedgerAnswer.Repeated { Result: { } result } when LedgerReply.Of(result) is { } completed => completed,
        LedgerAnswer.Repeated => new Refused(new AnswerLost(_pool, 0)),
        LedgerAnswer.WasRefused => new Refused(new KeySpent(_pool, write.Key)),
        _ => new Refused(new KeyReused(_pool, write.Key)),
    };

    private static async Task<TripOutcome> RolledBackAsync(NpgsqlConnection connection, TripReport report, Errand errand,
        IBrokerReply reply)
    {
        try
        {
            await ConnectionReset.RollbackAsync(connection);
            return new TripOutcome.Clean(report) { Due = [(errand.Caller, reply)] };
        }
        catch (Exception exception)
        {
            return new TripOutcome.Unusable(report, CloseReason.Broken, exception.Cause()) { Due = [(errand.Caller, reply)] };
        }
    }

    private static KeyedStep Failed(PostgresException error) =>
        error.PoisonsConnection() ? new KeyedStep.Poisoned(error) : new KeyedStep.Failed(error);

    private static bool IsWhole(NpgsqlConnection connection, PostgresException error) =>
        !error.EndsConnection() && connection.FullState == System.Data.ConnectionState.Open;
}
