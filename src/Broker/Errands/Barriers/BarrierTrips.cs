using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands.Barriers;

/// <summary>
/// Carries writes of different callers in one round trip, each its own commit (`packing.writes = barrier`). Rows behind the first error are
/// lost by Npgsql, so only statements that return none travel so; and nothing can be set for one transaction, so only those without a
/// context. The lock timeout is set for the session before them and reset behind them. Belongs to one connection.
/// </summary>
internal sealed class BarrierTrips
{
    private readonly PoolId _pool;
    private readonly TimeProvider _time;
    private readonly string _setLockTimeout;
    private volatile NpgsqlBatch? _underWay;

    internal BarrierTrips(PoolId pool, TimeSpan lockTimeout, TimeProvider time)
    {
        _pool = pool;
        _time = time;
        _setLockTimeout = $"SET lock_timeout = '{(long)lockTimeout.TotalMilliseconds}ms'";
    }

    /// <summary>Asks the server to cancel the statement it is at; those behind it go on.</summary>
    internal Task CancelAsync() => _underWay is { } batch ? Task.Run(batch.RequestCancel) : Task.CompletedTask;

    /// <summary>Runs the trip to its end. Never throws.</summary>
    internal async Task<TripOutcome> RunAsync(NpgsqlConnection connection, Trip trip)
    {
        var began = _time.GetTimestamp();
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0, EnableErrorBarriers = true };
        var members = trip.Members.Select(member => StatementBinder.Make(member.Request.Statement)).ToImmutableArray();
        batch.BatchCommands.Add(new(_setLockTimeout));
        foreach (var member in members)
        {
            batch.BatchCommands.Add(member);
        }
        batch.BatchCommands.Add(new("RESET lock_timeout"));
        Exception? problem = null;
        try
        {
            _underWay = batch;
            await batch.ExecuteNonQueryAsync();
        }
        catch (Exception exception)
        {
            problem = exception;
        }
        finally
        {
            _underWay = null;
        }
        var errors = ServerErrors.AllIn(problem);
        var lost = problem is not null
            && (errors.IsEmpty || errors.Any(ServerErrors.EndsConnection) || connection.FullState != System.Data.ConnectionState.Open);
        var fates = FatesOf(batch, members, errors, lost);
        var report = new TripReport(trip, _time.GetElapsedTime(began), _time.GetElapsedTime(began),
            fates.Count(fate => fate == BarrierFate.Committed),
            [.. trip.Members.Where((_, i) => fates[i] == BarrierFate.RunAgain)]);
        var cause = problem?.Cause() ?? "";
        var spoilt = lost || errors.Any(error => error.PoisonsConnection() || !members.Contains((NpgsqlBatchCommand?)error.BatchCommand!));
        var odd = spoilt
            ? null
            : trip.Members.Where((member, i) => fates[i] == BarrierFate.Committed
                && CommandTags.IsOdd(member.Facts, members[i].StatementType)).FirstOrDefault()?.Facts;
        TripOutcome outcome = spoilt ? new TripOutcome.Unusable(report, CloseReason.Broken, cause)
            : odd is not null
                ? new TripOutcome.Unusable(report with { AloneForEver = [(odd.Text, AloneForEver.OtherTag)] }, CloseReason.Breach,
                    CommandTags.Words(odd))
            : new TripOutcome.Clean(report);
        return outcome with
        {
            Due = [.. trip.Members.Select((member, i) => (member.Caller, ReplyOf(member, fates[i], members[i], errors, cause)))
                .Where(due => due.Item2 is not null)!],
        };
    }

    private static ImmutableArray<BarrierFate> FatesOf(NpgsqlBatch batch, ImmutableArray<NpgsqlBatchCommand> members,
        ImmutableArray<PostgresException> errors, bool lost)
    {
        var words = lost ? errors.FirstOrDefault(ServerErrors.EndsConnection) : null;
        ImmutableArray<PostgresException?> own = [.. members
            .Select(member => errors.FirstOrDefault(error => error != words && ReferenceEquals(error.BatchCommand, member)))];
        if (!lost)
        {
            return BarrierFates.AfterAnswers(own);
        }
        // The first of the batch sets the lock timeout.
        int? endedAt = words?.BatchCommand is NpgsqlBatchCommand at ? batch.BatchCommands.IndexOf(at) - 1 : null;
        return BarrierFates.AfterLoss(own, [.. members.Select(member => member.RecordsAffected >= 0)], endedAt);
    }

    private IBrokerReply? ReplyOf(Errand errand, BarrierFate fate, NpgsqlBatchCommand member, ImmutableArray<PostgresException> errors,
        string cause) => fate switch
    {
        BarrierFate.Committed => new ErrandCompleted(errand.Facts.Verb, member.RecordsAffected, RowSet.Empty),
        BarrierFate.Refused => new Refused(errors.First(error => ReferenceEquals(error.BatchCommand, member)).ToFailure()),
        BarrierFate.Unknown => new Refused(new OutcomeUnknown(_pool, cause)),
        BarrierFate.RunAgain => null,
    };
}
