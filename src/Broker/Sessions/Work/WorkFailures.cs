using System.Data;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Errands;
using Broker.Settlement;
using Npgsql;

namespace Broker.Sessions.Work;

/// <summary>
/// Finds out what an exception means for a conversation's transaction, and undoes what can be undone. Belongs to one connection.
/// </summary>
/// <param name="plan">The pool's settings.</param>
/// <param name="session">Whose connection it is.</param>
/// <param name="connection">The connection.</param>
internal sealed class WorkFailures(SessionPlan plan, SessionId session, NpgsqlConnection connection)
{
    /// <summary>What commits leave as their fingerprint: what a commit covers has none, but an errand's key is told from it.</summary>
    internal static readonly long Fingerprint = LedgerFingerprint.Of(new Statement(WorkBatch.Commit));

    /// <summary>Why the connection may not be used by others afterwards; null when it may.</summary>
    internal string? Poisoned { get; private set; }

    /// <summary>The connection may not be used by others.</summary>
    internal void Poison(string cause) => Poisoned ??= cause;

    /// <summary>How the work ended. Never throws.</summary>
    internal async Task<WorkResult> ReadAsync(WorkProgress progress, Exception exception, WorkBatch? batch)
    {
        var step = (exception as CopyFailedException)?.Step;
        exception = exception is CopyFailedException { InnerException: { } inner } ? inner : exception;
        var error = ServerErrors.In(exception);
        if (step is { } copied && error is null && connection.FullState == ConnectionState.Open)
        {
            return await FailedAsync(progress, new ResultMismatch($"rows could not be copied: {exception.Message}"), copied);
        }
        if (error is null || error.EndsConnection() || connection.FullState != ConnectionState.Open)
        {
            return Lost(progress, exception, error);
        }
        Poisoned = error.PoisonsConnection() ? $"{error.SqlState}: {error.MessageText}" : Poisoned;
        var failed = batch?.PartOf(error);
        return failed switch
        {
            (Part.Opening, _) => progress.End(WorkEnd.NotBegun, error.ToFailure()),
            (Part.Commit, _) => progress.End(WorkEnd.RolledBack, error.ToFailure()),
            (Part.Claim, _) => await NotClaimedAsync(progress, error),
            (Part.Id or Part.Guard, _) when progress.Work.Commits
                && error.SqlState is PostgresErrorCodes.InFailedSqlTransaction or PostgresErrorCodes.DivisionByZero =>
                progress.End(WorkEnd.Failed, new CommitRolledBack(session, "the server had its transaction as failed")),
            _ when progress.Spoilt is { } spoilt => await FailedAsync(progress, spoilt.Failure, spoilt.Step),
            _ => await FailedAsync(progress, error.ToFailure(), step ?? failed?.Step),
        };
    }

    private WorkResult Lost(WorkProgress progress, Exception exception, PostgresException? error)
    {
        var lost = new ConnectionLost(plan.Pool, exception.Cause());
        // COMMIT was not sent; or the server ended the connection by its own words before it had answered what stands before the steps; or
        // nothing was written.
        var isSure = exception is NotSentException or InvalidCastException or NotSupportedException
            || (progress.TransactionId is null && (error is not null || progress.WroteNothing));
        return progress.End(progress.CommitSent && !isSure ? WorkEnd.InDoubt : WorkEnd.Lost, lost);
    }

    private async Task<WorkResult> FailedAsync(WorkProgress progress, Failure failure, int? step)
    {
        if (progress.Work.OwnSavepoint)
        {
            try
            {
                await using var back = new NpgsqlBatch(connection)
                {
                    Timeout = 0,
                    BatchCommands =
                        { new($"ROLLBACK TO SAVEPOINT {WorkBatch.OwnSavepoint}"), new($"RELEASE SAVEPOINT {WorkBatch.OwnSavepoint}") },
                };
                await back.ExecuteNonQueryAsync();
                return progress.End(WorkEnd.Undone, failure, step);
            }
            catch (PostgresException error) when (!error.EndsConnection() && connection.FullState == ConnectionState.Open)
            {
                // There is nothing to go back to: the whole transaction has failed.
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                return progress.End(WorkEnd.Lost, new ConnectionLost(plan.Pool, exception.Cause()));
            }
        }
        return progress.End(WorkEnd.Failed, failure, step);
    }

    /// <summary>The ledger refused the row. Where the key is there already, its row says what became of it.</summary>
    private async Task<WorkResult> NotClaimedAsync(WorkProgress progress, PostgresException error)
    {
        var (ledger, key) = (plan.Ledger!, progress.Work.Key!);
        if (!ledger.Table.IsKeyTaken(error))
        {
            return progress.End(WorkEnd.Failed, error.SqlState[..2] is "25" or "40" or "53" or "55" or "57"
                ? error.ToFailure()
                : new LedgerUnavailable(plan.Pool,
                    $"table {ledger.Table.Quoted} cannot be written: {error.MessageText} (docs/ledger.md has the statements)"));
        }
        try
        {
            await Connections.ConnectionReset.RollbackAsync(connection);
            await using var find = SettlementRunner.BatchOf(connection, ledger.Statements.Find(key));
            await using var row = await find.ExecuteReaderAsync();
            var entry = await row.ReadAsync() ? SettlementRunner.EntryOf(row) : null;
            return entry is null ? progress.End(WorkEnd.RolledBack, error.ToFailure()) : LedgerAnswer.For(entry, Fingerprint) switch
            {
                LedgerAnswer.Repeated => new WorkResult(WorkEnd.CommittedBefore),
                LedgerAnswer.WasRefused => progress.End(WorkEnd.RolledBack, new KeySpent(plan.Pool, key)),
                _ => progress.End(WorkEnd.RolledBack, new KeyReused(plan.Pool, key)),
            };
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return progress.End(WorkEnd.Lost, new ConnectionLost(plan.Pool, exception.Cause()));
        }
    }
}
