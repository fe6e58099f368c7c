using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands.Barriers;
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
    private readonly BarrierTrips _barriers;
    private volatile TripBatch? _underWay;
    private volatile bool _cancelled;

    internal TripRunner(PoolId pool, TripLimits limits, TimeProvider time)
    {
        _pool = pool;
        _limits = limits;
        _time = time;
        _frame = new(limits.LockTimeout);
        _prepared = new(limits.TextsPrepared);
        _barriers = new(pool, limits.LockTimeout, time);
        _keyed = limits.Ledger is { } table ? new(pool, table, limits, _rows, time) : null;
    }

    /// <summary>Asks the server to cancel the trip under way, if there is one; the trip ends by itself.</summary>
    internal Task CancelAsync()
    {
        _cancelled = true;
        return _underWay?.CancelAsync() ?? Task.WhenAll(_barriers.CancelAsync(), _keyed?.CancelAsync() ?? Task.CompletedTask);
    }

    /// <summary>Runs the trip to its end, the clean-up of its transaction included.</summary>
    internal async Task<TripOutcome> RunAsync(NpgsqlConnection connection, Trip trip)
    {
        _cancelled = false;
        var run = new TripProgress(trip, Carrier.Of(trip.Members, MayFold), _time.GetTimestamp());
        if (trip.Shape is TripShape.Keyed or TripShape.Barrier)
        {
            return await RunApartAsync(connection, run);
        }
        var outcome = await RunAsync(connection, run);
        return outcome with { Due = run.Due() };
    }

    // What one caller's result looks like must be known first: a folded one that looks otherwise is no answer.
    private bool MayFold(Errand errand) => errand.Facts.Folded is not null && _rows.Knows(errand.Facts.Text);

    private async Task<TripOutcome> RunAsync(NpgsqlConnection connection, TripProgress run)
    {
        try
        {
            await _prepared.PrepareForAsync(connection, run.Trip, run.Carriers, _frame);
        }
        catch (Exception exception)
        {
            // Nothing of the trip was sent yet.
            return new TripOutcome.Unusable(Report(run), CloseReason.Broken, exception.Message);
        }
        try
        {
            var batch = _underWay = TripBatch.For(connection, run.Trip, run.Carriers, _frame);
            var sent = _time.GetTimestamp();
            await using (var reader = await batch.SendAsync())
            {
                await ReadAnswersAsync(reader, batch, run);
            }
            if (run.CutShort is { } cut)
            {
                return await CutShortAsync(connection, run, cut);
            }
            if (!run.IsFramed && run.Trip.Shape == TripShape.ReadGroup)
            {
                run.Work = _time.GetElapsedTime(sent);
            }
            TellCommitted(batch, run);
            return new TripOutcome.Clean(Report(run) with { AloneForEver = run.TooLargeForGroup });
        }
        catch (Exception exception)
        {
            return ServerErrors.In(exception) is not { } error || error.EndsConnection() || connection.FullState != System.Data.ConnectionState.Open
                ? AfterLoss(run, exception)
                : run.CutShort is { } cut && error.SqlState == PostgresErrorCodes.QueryCanceled
                ? await CutShortAsync(connection, run, cut)
                : await AfterErrorAsync(connection, run, error);
        }
        finally
        {
            _underWay = null;
        }
    }

    private async Task<TripOutcome> RunApartAsync(NpgsqlConnection connection, TripProgress run)
    {
        try
        {
            await _prepared.PrepareForAsync(connection, run.Trip, run.Carriers, _frame);
        }
        catch (Exception exception)
        {
            return new TripOutcome.Unusable(Report(run), CloseReason.Broken, exception.Message);
        }
        var outcome = run.Trip.Shape == TripShape.Barrier
            ? await _barriers.RunAsync(connection, run.Trip)
            : await _keyed!.RunAsync(connection, run.Trip, () => _cancelled);
        var refused = outcome.Due
            .Select(due => (run.Trip.Members.First(member => ReferenceEquals(member.Caller, due.Caller)), due.Reply as Refused))
            .Where(due => due.Item2 is not null).Select(due => (due.Item1, due.Item2!.Failure));
        return outcome with { Report = outcome.Report with { Refused = [.. refused] } };
    }

    private async Task ReadAnswersAsync(NpgsqlDataReader reader, TripBatch batch, TripProgress run)
    {
        for (var i = 0; i < batch.AnswersBefore; i++)
        {
            await reader.NextResultAsync();
        }
        var clocked = run.IsFramed && run.Trip.Shape != TripShape.Alone;
        var began = default(DateTime);
        if (clocked)
        {
            began = await ClockAsync(reader);
            if (run.Trip.Shape == TripShape.WriteGroup)
            {
                run.TransactionId = reader.GetFieldValue<ulong>(1);
            }
            await reader.NextResultAsync();
        }
        foreach (var carrier in run.Carriers)
        {
            run.CutShort = carrier.IsFolded ? await ReadFoldedAsync(reader, run, carrier) : await ReadOneAsync(reader, run, carrier.First);
            if (run.CutShort is { } end)
            {
                await (end == FoldedEnd.TooLarge ? batch.CancelAsync() : Task.CompletedTask);
                return;
            }
        }
        if (clocked)
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

    private async ValueTask<FoldedEnd?> ReadOneAsync(NpgsqlDataReader reader, TripProgress run, int member)
    {
        var errand = run.Trip.Members[member];
        if (!(run.Trip.Shape == TripShape.Alone ? reader.FieldCount > 0 : errand.Facts.ReturnsRows))
        {
            // It sends no result of its own: that it is complete shows when a later one is, or at the end.
            run.Answers[member] = new(errand.Facts.Verb, -1, RowSet.Empty);
            return null;
        }
        var rows = await _rows.ReadAsync(reader, errand.Facts.Text, LimitOf(run.Trip, errand));
        if (run.Trip.Members.Length > 1 && _rows.BytesRead > _limits.ReplyLimit)
        {
            run.TooLargeForGroup = run.TooLargeForGroup.Add((errand.Facts.Text, TooLargeForGroup));
        }
        if (rows is null && run.Trip.Shape != TripShape.WriteGroup)
        {
            return FoldedEnd.TooLarge;
        }
        run.Completed(member, rows is null ? null : new(errand.Facts.Verb, -1, rows));
        await reader.NextResultAsync();
        return null;
    }

    private async ValueTask<FoldedEnd?> ReadFoldedAsync(NpgsqlDataReader reader, TripProgress run, Carrier carrier)
    {
        var facts = run.Trip.Members[carrier.First].Facts;
        var answers = new RowSet[carrier.Count];
        var limit = long.MaxValue;
        for (var i = carrier.First; i < carrier.End; i++)
        {
            limit = Math.Min(limit, LimitOf(run.Trip, run.Trip.Members[i]));
        }
        var end = await _rows.ReadFoldedAsync(reader, facts, answers, limit);
        if (end == FoldedEnd.TooLarge && _rows.BytesRead > _limits.ReplyLimit)
        {
            run.TooLargeForGroup = [(facts.Text, TooLargeForGroup)];
        }
        if (end != FoldedEnd.Complete)
        {
            return end;
        }
        for (var i = 0; i < answers.Length; i++)
        {
            run.Completed(carrier.First + i, new(facts.Verb, -1, answers[i]));
        }
        await reader.NextResultAsync();
        return null;
    }

    private static async ValueTask<DateTime> ClockAsync(NpgsqlDataReader reader) =>
        await reader.ReadAsync() ? reader.GetFieldValue<DateTime>(0) : throw new UnexpectedAnswerException("the server's clock did not answer");

    // A write group's COMMIT is on its way already and cannot be called back, so its answers are kept as if each had come alone.
    private long LimitOf(Trip trip, Errand errand) =>
        trip.Shape == TripShape.ReadGroup && trip.Members.Length > 1 ? Math.Min(_limits.ReplyLimit, ResultLimitOf(errand)) : ResultLimitOf(errand);

    private long ResultLimitOf(Errand errand) => errand.Request.Limits.ResultBytes ?? _limits.ResultLimit;

    /// <summary>A group's transaction is committed, or a lone statement's is: now the answers that waited for it are told.</summary>
    private void TellCommitted(TripBatch batch, TripProgress run)
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

    /// <summary>
    /// An answer passed its limit: the member runs alone from now on, or is refused when it was alone. Or a folded result was not what it must be: then
    /// its members run again alone.
    /// </summary>
    private async Task<TripOutcome> CutShortAsync(NpgsqlConnection connection, TripProgress run, FoldedEnd end)
    {
        var errand = run.Trip.Members[run.CompletedCount];
        if (run.Trip.Members.Length == 1)
        {
            run.Tell(0, new Refused(new ResultTooLarge(ResultLimitOf(errand))));
        }
        var report = Report(run) with
        {
            AloneForEver = run.TooLargeForGroup,
            NotFoldable = end is FoldedEnd.OtherNames or FoldedEnd.OutOfOrder ? errand.Facts.Text : null,
        };
        // Also where nothing stands open: behind it no cancel can reach another statement.
        return await CleanUpAsync(connection, run.IsFramed || end == FoldedEnd.TooLarge, report);
    }

    private async Task<TripOutcome> AfterErrorAsync(NpgsqlConnection connection, TripProgress run, PostgresException error)
    {
        var trip = run.Trip;
        var failed = run.CarrierOf(run.IsFramed ? _underWay?.IndexOf(error) ?? -1 : 0);
        for (var i = 0; i < trip.Members.Length; i++)
        {
            // Before the members stands only what every one of them needs: when it is alone, the error is its own.
            var fate = failed.First < 0 && trip.Members.Length == 1
                ? MemberFate.Told
                : TripFailure.AfterError(trip.Shape, trip.Members.Length, i, failed, error.SqlState);
            if (fate == MemberFate.Told && !error.IsStalePreparation())
            {
                run.Tell(i, new Refused(WordsFor(trip, error)));
            }
        }
        var report = Report(run);
        if (failed.First >= 0 && failed.First < trip.Members.Length)
        {
            var text = trip.Members[failed.First].Facts.Text;
            report = report with
            {
                AloneForEver = error.SqlState == "25006" ? [(text, ReadOnlyRefused)] : [],
                Culprit = trip.Members.Length > 1 ? text : null,
                // What the server does not understand when it is folded, it may well understand when it is not.
                NotFoldable = failed.IsFolded && error.SqlState.StartsWith("42", StringComparison.Ordinal) ? text : null,
            };
        }
        return error.PoisonsConnection()
            ? new TripOutcome.Unusable(report, CloseReason.Broken, $"{error.SqlState}: prepared statements are in doubt")
            : await CleanUpAsync(connection, run.IsFramed, report);
    }

    // Only a statement that is alone is ever cancelled for its caller.
    private Failure WordsFor(Trip trip, PostgresException error) =>
        _cancelled && trip.Members.Length == 1 && error.SqlState == PostgresErrorCodes.QueryCanceled ? new Cancelled("while it ran on the server") : error.ToFailure();

    /// <summary>After an error the transaction's block stays open: it ends here, as a trip of its own, before anybody else is served.</summary>
    private static async Task<TripOutcome> CleanUpAsync(NpgsqlConnection connection, bool framed, TripReport report)
    {
        if (!framed)
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

    private TripOutcome AfterLoss(TripProgress run, Exception exception)
    {
        var trip = run.Trip;
        var executing = run.Executing;
        var words = ServerErrors.In(exception);
        // A server that ends a connection in words sends first what it has answered so far, so that the error is about the member it was working on.
        var blamed = words is not null && _underWay?.IndexOf(words) is { } index && index < run.Carriers.Length ? run.CarrierOf(index).First : TripDoubt.Nobody;
        var doubt = new TripDoubt(run.TransactionId, run.AnswersSoFar(_underWay), blamed);
        var inDoubt = false;
        for (var i = 0; i < trip.Members.Length; i++)
        {
            switch (TripFailure.AfterLoss(trip.Shape, i, executing, farewell: words is not null))
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

    private TripReport Report(TripProgress run) => new(
        run.Trip, _time.GetElapsedTime(run.Started), run.Work, run.CompletedCount, run.NotTold()) { Refused = run.Refused() };

    private sealed class UnexpectedAnswerException(string message) : Exception(message);
}
