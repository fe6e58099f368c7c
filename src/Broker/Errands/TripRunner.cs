using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands.Keyed;
using Broker.Settlement;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>What bounds a connection's trips, from `broker.packing` and `broker.errands`.</summary>
/// <param name="LockTimeout">How long a member of a group may wait for a lock.</param>
/// <param name="ReplyLimit">The largest answer of a group's member, in bytes.</param>
/// <param name="ResultLimit">The largest answer of an errand, in bytes.</param>
/// <param name="TextsPrepared">How many texts are kept prepared.</param>
internal sealed record TripLimits(TimeSpan LockTimeout, long ReplyLimit, long ResultLimit, int TextsPrepared)
{
    /// <summary>Where idempotency keys are kept; null when there is no ledger.</summary>
    internal LedgerTable? Ledger { get; init; }
}

/// <summary>
/// Carries trips over one connection, one at a time, and answers their members. It never throws: whatever happens becomes a
/// <see cref="TripOutcome"/>. Belongs to one connection; its members run on whatever thread the socket completes on.
/// </summary>
internal sealed class TripRunner
{
    private static readonly StatementClass ReadOnlyRefused =
        new(Travel.AloneThenReset, ClassReason.ReadOnlyRefused, "the server refused it in a read-only transaction");

    private static readonly StatementClass TooLargeForGroup =
        new(Travel.Alone, ClassReason.ReplyOverLimit, "its answer passed errands.reply-limit");

    private readonly PoolId _pool;
    private readonly TripLimits _limits;
    private readonly TimeProvider _time;
    private readonly TripFrame _frame;
    private readonly PreparedTexts _prepared;
    private readonly RowReader _rows = new();
    private readonly KeyedTrips? _keyed;
    private volatile TripBatch? _underWay;
    private volatile bool _cancelled;

    internal TripRunner(PoolId pool, TripLimits limits, TimeProvider time)
    {
        _pool = pool;
        _limits = limits;
        _time = time;
        _frame = new(limits.LockTimeout);
        _prepared = new(limits.TextsPrepared);
        _keyed = limits.Ledger is { } table ? new(pool, table, limits, _rows, time) : null;
    }

    /// <summary>Asks the server to cancel the trip under way, if there is one; the trip ends by itself.</summary>
    internal Task CancelAsync()
    {
        _cancelled = true;
        return _underWay?.CancelAsync() ?? _keyed?.CancelAsync() ?? Task.CompletedTask;
    }

    /// <summary>Runs the trip to its end, the clean-up of its transaction included.</summary>
    internal async Task<TripOutcome> RunAsync(NpgsqlConnection connection, Trip trip)
    {
        _cancelled = false;
        var run = new Progress(trip, _time.GetTimestamp());
        if (trip.Shape == TripShape.Keyed)
        {
            return await RunKeyedAsync(connection, run);
        }
        var outcome = await RunAsync(connection, run);
        return outcome with { Due = run.Due() };
    }

    private async Task<TripOutcome> RunAsync(NpgsqlConnection connection, Progress run)
    {
        try
        {
            await _prepared.PrepareForAsync(connection, run.Trip, _frame);
        }
        catch (Exception exception)
        {
            // Nothing of the trip was sent yet.
            return new TripOutcome.Unusable(Report(run), CloseReason.Broken, exception.Message);
        }
        try
        {
            var batch = _underWay = TripBatch.For(connection, run.Trip, _frame);
            await using (var reader = await batch.SendAsync())
            {
                await ReadAnswersAsync(reader, batch, run);
            }
            if (run.TooLarge)
            {
                return await CutShortAsync(connection, run);
            }
            TellCommitted(batch, run);
            return new TripOutcome.Clean(Report(run) with { AloneForEver = run.TooLargeForGroup });
        }
        catch (Exception exception)
        {
            return ServerErrors.In(exception) is not { } error || error.EndsConnection() || connection.FullState != System.Data.ConnectionState.Open
                ? AfterLoss(run, exception)
                : run.TooLarge && error.SqlState == PostgresErrorCodes.QueryCanceled
                ? await CutShortAsync(connection, run)
                : await AfterErrorAsync(connection, run, error);
        }
        finally
        {
            _underWay = null;
        }
    }

    private async Task<TripOutcome> RunKeyedAsync(NpgsqlConnection connection, Progress run)
    {
        try
        {
            await _prepared.PrepareForAsync(connection, run.Trip, _frame);
        }
        catch (Exception exception)
        {
            return new TripOutcome.Unusable(Report(run), CloseReason.Broken, exception.Message);
        }
        return await _keyed!.RunAsync(connection, run.Trip, () => _cancelled);
    }

    private async Task ReadAnswersAsync(NpgsqlDataReader reader, TripBatch batch, Progress run)
    {
        for (var i = 0; i < batch.AnswersBefore; i++)
        {
            await reader.NextResultAsync();
        }
        var began = default(DateTime);
        if (run.Trip.Shape != TripShape.Alone)
        {
            began = await ClockAsync(reader);
            if (run.Trip.Shape == TripShape.WriteGroup)
            {
                run.TransactionId = reader.GetFieldValue<ulong>(1);
            }
            await reader.NextResultAsync();
        }
        for (var i = 0; i < run.Trip.Members.Length; i++)
        {
            var errand = run.Trip.Members[i];
            if (run.Trip.Shape == TripShape.Alone ? reader.FieldCount > 0 : errand.Facts.ReturnsRows)
            {
                var read = await _rows.ReadAsync(reader, errand.Facts.Text, LimitOf(run.Trip, errand));
                if (run.Trip.Members.Length > 1 && _rows.BytesRead > _limits.ReplyLimit)
                {
                    run.TooLargeForGroup = run.TooLargeForGroup.Add((errand.Facts.Text, TooLargeForGroup));
                }
                if (read is null && run.Trip.Shape != TripShape.WriteGroup)
                {
                    run.TooLarge = true;
                    await batch.CancelAsync();
                    return;
                }
                run.Completed(i, read is null ? null : new(errand.Facts.Verb, -1, read));
                await reader.NextResultAsync();
            }
            else
            {
                // It sends no result of its own: that it is complete shows when a later one is, or at the end.
                run.Answers[i] = new(errand.Facts.Verb, -1, RowSet.Empty);
            }
        }
        if (run.Trip.Shape != TripShape.Alone)
        {
            run.Work = await ClockAsync(reader) - began;
            run.AllCompleted();
        }
        if (await reader.NextResultAsync())
        {
            throw new UnexpectedAnswerException("the server sent more results than the trip has statements");
        }
        run.AllCompleted();
    }

    private static async ValueTask<DateTime> ClockAsync(NpgsqlDataReader reader) =>
        await reader.ReadAsync() ? reader.GetFieldValue<DateTime>(0) : throw new UnexpectedAnswerException("the server's clock did not answer");

    // A write group's COMMIT is on its way already and cannot be called back, so its answers are kept as if each had come alone.
    private long LimitOf(Trip trip, Errand errand) =>
        trip.Shape == TripShape.ReadGroup && trip.Members.Length > 1 ? Math.Min(_limits.ReplyLimit, ResultLimitOf(errand)) : ResultLimitOf(errand);

    private long ResultLimitOf(Errand errand) => errand.Request.Limits.ResultBytes ?? _limits.ResultLimit;

    /// <summary>A group's transaction is committed, or a lone statement's is: now the answers that waited for it are told.</summary>
    private void TellCommitted(TripBatch batch, Progress run)
    {
        if (run.Trip.Shape == TripShape.ReadGroup)
        {
            return;
        }
        for (var i = 0; i < run.Trip.Members.Length; i++)
        {
            run.Tell(i, run.Answers[i] is { } answer
                ? answer with { Affected = batch.Affected(i) }
                : new Refused(new ResultTooLarge(ResultLimitOf(run.Trip.Members[i]))));
        }
    }

    /// <summary>An answer passed its limit: the member runs alone from now on, or is refused when it was alone.</summary>
    private async Task<TripOutcome> CutShortAsync(NpgsqlConnection connection, Progress run)
    {
        var trip = run.Trip;
        var failed = run.CompletedCount;
        var errand = trip.Members[failed];
        if (trip.Members.Length == 1)
        {
            run.Tell(failed, new Refused(new ResultTooLarge(ResultLimitOf(errand))));
        }
        return await CleanUpAsync(connection, Report(run) with { AloneForEver = run.TooLargeForGroup });
    }

    private async Task<TripOutcome> AfterErrorAsync(NpgsqlConnection connection, Progress run, PostgresException error)
    {
        var trip = run.Trip;
        var failed = trip.Shape == TripShape.Alone && trip.Context.IsEmpty ? 0 : _underWay?.IndexOf(error) ?? -1;
        var alone = ImmutableArray<(string, StatementClass)>.Empty;
        for (var i = 0; i < trip.Members.Length; i++)
        {
            // Before the members stands only what every one of them needs: when it is alone, the error is its own.
            var fate = failed < 0 && trip.Members.Length == 1
                ? MemberFate.Told
                : TripFailure.AfterError(trip.Shape, trip.Members.Length, i, failed, error.SqlState);
            if (fate == MemberFate.Told && !error.IsStalePreparation())
            {
                run.Tell(i, new Refused(WordsFor(trip, error)));
            }
        }
        if (error.SqlState == "25006" && failed >= 0 && failed < trip.Members.Length)
        {
            alone = [(trip.Members[failed].Facts.Text, ReadOnlyRefused)];
        }
        var culprit = trip.Members.Length > 1 && failed >= 0 && failed < trip.Members.Length ? trip.Members[failed].Facts.Text : null;
        var report = Report(run) with { AloneForEver = alone, Culprit = culprit };
        return error.PoisonsConnection()
            ? new TripOutcome.Unusable(report, CloseReason.Broken, $"{error.SqlState}: prepared statements are in doubt")
            : await CleanUpAsync(connection, report);
    }

    // Only a statement that is alone is ever cancelled for its caller.
    private Failure WordsFor(Trip trip, PostgresException error) =>
        _cancelled && trip.Members.Length == 1 && error.SqlState == PostgresErrorCodes.QueryCanceled ? new Cancelled("while it ran on the server") : error.ToFailure();

    /// <summary>After an error the transaction's block stays open: it ends here, as a trip of its own, before anybody else is served.</summary>
    private static async Task<TripOutcome> CleanUpAsync(NpgsqlConnection connection, TripReport report)
    {
        if (report.Trip.Shape == TripShape.Alone && report.Trip.Context.IsEmpty)
        {
            return new TripOutcome.Clean(report);
        }
        try
        {
            await ConnectionReset.RollbackAsync(connection);
            return new TripOutcome.Clean(report);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return new TripOutcome.Unusable(report, CloseReason.Broken, exception.Message);
        }
    }

    private TripOutcome AfterLoss(Progress run, Exception exception)
    {
        var trip = run.Trip;
        var executing = run.CompletedCount;
        // A server that ends a connection in words sends first what it has answered so far, so that the error is about the member it was working on.
        var blamed = ServerErrors.In(exception) is { } words && _underWay?.IndexOf(words) is { } index && index < trip.Members.Length ? index : TripDoubt.Nobody;
        var doubt = new TripDoubt(run.TransactionId, run.AnswersSoFar(_underWay), blamed);
        var inDoubt = false;
        for (var i = 0; i < trip.Members.Length; i++)
        {
            switch (TripFailure.AfterLoss(trip.Shape, i, executing))
            {
                case MemberFate.Told: run.Tell(i, new Refused(LostFailure(trip.Members[i], exception))); break;
                case MemberFate.Settle: inDoubt = true; break;
            }
        }
        var cause = exception.InnerException is { } inner ? $"{exception.Message}: {inner.Message}" : exception.Message;
        return inDoubt
            ? new TripOutcome.InDoubt(Report(run) with { RunAgain = [] }, doubt, cause)
            : new TripOutcome.Unusable(Report(run), exception is UnexpectedAnswerException ? CloseReason.Breach : CloseReason.Broken, cause);
    }

    private Failure LostFailure(Errand errand, Exception exception) =>
        errand.Facts.Writes ? new OutcomeUnknown(_pool, exception.Message) : new ConnectionLost(_pool, exception.Message);

    private TripReport Report(Progress run) => new(
        run.Trip, _time.GetElapsedTime(run.Started), run.Work, run.CompletedCount, run.NotTold()) { Refused = run.Refused() };

    /// <summary>How far a trip has come.</summary>
    private sealed class Progress(Trip trip, long started)
    {
        private ImmutableArray<(IActorRef, IBrokerReply)>.Builder? _due;
        private ImmutableArray<(Errand, Failure)>.Builder? _refused;
        private int _told;

        internal Trip Trip { get; } = trip;
        internal long Started { get; } = started;
        internal ErrandCompleted?[] Answers { get; } = new ErrandCompleted?[trip.Members.Length];
        internal bool[] Told { get; } = new bool[trip.Members.Length];
        internal int CompletedCount { get; private set; }
        internal ulong? TransactionId { get; set; }
        internal TimeSpan Work { get; set; }
        internal bool TooLarge { get; set; }
        internal ImmutableArray<(string Text, StatementClass Class)> TooLargeForGroup { get; set; } = [];

        /// <summary>A member's rows were read; null when they were too many to be kept.</summary>
        internal void Completed(int member, ErrandCompleted? answer)
        {
            Answers[member] = answer;
            CompletedCount = member + 1;
            if (Trip.Shape == TripShape.ReadGroup)
            {
                Tell(member, answer!);
            }
        }

        /// <summary>Each member with its answer, if all of that was read.</summary>
        internal ImmutableArray<(Errand, ErrandCompleted?)> AnswersSoFar(TripBatch? batch) =>
            [.. Trip.Members.Select((errand, i) => (errand, i < CompletedCount && batch is not null && Answers[i] is { } answer ? answer with { Affected = batch.Affected(i) } : null))];

        internal void AllCompleted() => CompletedCount = Answers.Length;

        /// <summary>Answers a member: a read of a group at once, all else when the trip is over.</summary>
        internal void Tell(int member, IBrokerReply reply)
        {
            Told[member] = true;
            _told++;
            if (reply is Refused refused)
            {
                (_refused ??= ImmutableArray.CreateBuilder<(Errand, Failure)>()).Add((Trip.Members[member], refused.Failure));
            }
            if (Trip.Shape == TripShape.ReadGroup)
            {
                Trip.Members[member].Caller.Tell(reply, ActorRefs.NoSender);
            }
            else
            {
                (_due ??= ImmutableArray.CreateBuilder<(IActorRef, IBrokerReply)>(Trip.Members.Length)).Add((Trip.Members[member].Caller, reply));
            }
        }

        internal ImmutableArray<(Errand, Failure)> Refused() => _refused?.ToImmutable() ?? [];

        internal ImmutableArray<(IActorRef, IBrokerReply)> Due() => _due?.DrainToImmutable() ?? [];

        internal ImmutableArray<Errand> NotTold() => _told == Told.Length ? [] : [.. Trip.Members.Where((_, i) => !Told[i])];
    }

    private sealed class UnexpectedAnswerException(string message) : Exception(message);
}
