using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Errands.Barriers;
using Broker.Errands.Keyed;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// Carries trips over one connection, one at a time, and answers their members: sends a trip, has its answers read by an
/// <see cref="AnswerReader"/>, and says what follows from an error or a loss. It never throws: whatever happens becomes a
/// <see cref="TripOutcome"/>. Belongs to one connection; its methods run on whatever thread the socket completes on.
/// </summary>
internal sealed class TripRunner
{
    private readonly PoolId _pool;
    private readonly TripLimits _limits;
    private readonly TimeProvider _time;
    private readonly TripFrame _frame;
    private readonly PreparedTexts _prepared;
    private readonly RowReader _rows = new();
    private readonly AnswerReader _answers;
    private readonly KeyedTrips? _keyed;
    private readonly BarrierTrips _barriers;
    private volatile TripBatch? _underWay;
    private volatile bool _cancelled;
    private readonly NoticeEventHandler _onNotice;
    private bool _notReplicated;

    internal TripRunner(PoolId pool, TripLimits limits, TimeProvider time)
    {
        _pool = pool;
        _limits = limits;
        _time = time;
        _frame = new(limits.LockTimeout);
        _answers = new(_rows, limits);
        _prepared = new(limits.TextsPrepared);
        _barriers = new(pool, limits.LockTimeout, time);
        _onNotice = (_, told) => _notReplicated |= told.Notice.Routine == "SyncRepWaitForLSN";
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
        try
        {
            await _prepared.PrepareForAsync(connection, trip, run.Carriers, _frame);
        }
        catch (Exception exception)
        {
            // Nothing of the trip was sent yet.
            return new TripOutcome.Unusable(Report(run), CloseReason.Broken, exception.Message);
        }
        if (_cancelled && trip.Members.Length == 1)
        {
            run.Tell(0, new Refused(new Cancelled("before it was sent")));
            return new TripOutcome.Clean(Report(run)) { Due = run.Due() };
        }
        var outcome = trip.Shape is TripShape.Keyed or TripShape.Barrier
            ? await RunApartAsync(connection, run)
            : await RunTogetherAsync(connection, run) with { Due = run.Due() };
        return outcome is TripOutcome.Clean && _rows.MetNewType ? await LearnTypesAsync(connection, outcome) : outcome;
    }

    private async Task<TripOutcome> LearnTypesAsync(NpgsqlConnection connection, TripOutcome outcome)
    {
        try
        {
            await connection.ReloadTypesAsync();
            _rows.ForgetTypes();
            return outcome;
        }
        catch (Exception exception)
        {
            return new TripOutcome.Unusable(outcome.Report, CloseReason.Broken, exception.Message) { Due = outcome.Due };
        }
    }

    // What one caller's result looks like must be known first: a folded one that looks otherwise is no answer.
    private bool MayFold(Errand errand) => errand is { Facts.Folded: not null, IsUnit: false } && _rows.Knows(errand.Facts.Text);

    private async Task<TripOutcome> RunTogetherAsync(NpgsqlConnection connection, TripProgress run)
    {
        // Only a group is cancelled without its callers' wish.
        var listens = run.Trip is { Shape: TripShape.WriteGroup, Members.Length: > 1 };
        if (listens)
        {
            _notReplicated = false;
            connection.Notice += _onNotice;
        }
        try
        {
            var batch = _underWay = TripBatch.For(connection, run.Trip, run.Carriers, _frame);
            var sent = _time.GetTimestamp();
            await using (var reader = await batch.SendAsync())
            {
                await _answers.ReadAsync(reader, batch, run);
            }
            if (run.CutShort is { } cut)
            {
                return await CutShortAsync(connection, run, cut);
            }
            if (!run.IsFramed && run.Trip.Shape == TripShape.ReadGroup)
            {
                run.Work = _time.GetElapsedTime(sent);
            }
            if (_cancelled && _notReplicated && await WaitForStandbyAsync(connection) is { } problem)
            {
                _underWay = batch;
                return AfterLoss(run, problem);
            }
            TellCommitted(batch, run);
            var report = Report(run) with { AloneForEver = run.TooLargeForGroup };
            return CommandTags.Odd(run.Trip.Members, run.Carriers, batch.TagOf) is { } odd
                ? AfterBreach(report, odd)
                : new TripOutcome.Clean(report);
        }
        catch (Exception exception)
        {
            return ServerErrors.In(exception) is not { } error
                || error.EndsConnection()
                || connection.FullState != System.Data.ConnectionState.Open
                ? AfterLoss(run, exception)
                : run.CutShort is { } cut && error.SqlState == PostgresErrorCodes.QueryCanceled
                ? await CutShortAsync(connection, run, cut)
                : await AfterErrorAsync(connection, run, error);
        }
        finally
        {
            _underWay = null;
            if (listens)
            {
                connection.Notice -= _onNotice;
            }
        }
    }

    /// <summary>
    /// Our request to cancel a group that was overdue came when it was committed and waited for a synchronous standby: that ended the wait
    /// and nothing else. None of its callers wished that, so another transaction, which is behind it in the log, waits in its place.
    /// </summary>
    /// <returns>Why that could not be waited for; null when it is over.</returns>
    private async Task<Exception?> WaitForStandbyAsync(NpgsqlConnection connection)
    {
        _underWay = null;
        while (_notReplicated)
        {
            _notReplicated = false;
            try
            {
                await ConnectionReset.RollbackAsync(connection);
                await using var behind = new NpgsqlBatch(connection)
                {
                    Timeout = 0,
                    BatchCommands = { new(TripFrame.BeginWrite), new("SELECT pg_catalog.pg_logical_emit_message(true, 'broker', '')"),
                        new(TripFrame.Commit) },
                };
                await behind.ExecuteNonQueryAsync();
            }
            catch (PostgresException late)
                when (late.SqlState == PostgresErrorCodes.QueryCanceled && connection.FullState == System.Data.ConnectionState.Open)
            {
                _notReplicated = true;
            }
            catch (Exception exception)
            {
                return exception;
            }
        }
        return null;
    }

    /// <summary>Trips of several transactions or several round trips: others know how they go.</summary>
    private async Task<TripOutcome> RunApartAsync(NpgsqlConnection connection, TripProgress run)
    {
        var outcome = run.Trip.Shape == TripShape.Barrier
            ? await _barriers.RunAsync(connection, run.Trip)
            : await _keyed!.RunAsync(connection, run.Trip, () => _cancelled);
        var refused = outcome.Due
            .Select(due => (run.Trip.Members.First(member => ReferenceEquals(member.Caller, due.Caller)), due.Reply as Refused))
            .Where(due => due.Item2 is not null).Select(due => (due.Item1, due.Item2!.Failure));
        return outcome with { Report = outcome.Report with { Refused = [.. refused] } };
    }

    // What was answered stands: the server did it. But what the text left behind is anybody's guess.
    private static TripOutcome.Unusable AfterBreach(TripReport report, TextFacts odd) =>
        new(report with { AloneForEver = report.AloneForEver.Add((odd.Text, AloneForEver.OtherTag)) }, CloseReason.Breach,
            CommandTags.Words(odd));

    /// <summary>A group's transaction is committed, or a lone statement's is: now the answers that waited for it are told.</summary>
    private void TellCommitted(TripBatch batch, TripProgress run)
    {
        if (run.Trip.Shape == TripShape.ReadGroup)
        {
            return;
        }
        var carrier = 0;
        for (var i = 0; i < run.Trip.Members.Length; carrier += run.Trip.Members[i++].Statements)
        {
            if (run.IsUnreadable(i, out var unreadable))
            {
                if (unreadable is not null)
                {
                    run.Tell(i, new Refused(unreadable));
                }
                continue;
            }
            run.Tell(i, run.AnswerOf(i, carrier, batch) is { } answer
                ? answer
                : new Refused(new ResultTooLarge(_limits.ResultLimitOf(run.Trip.Members[i]))));
        }
    }

    /// <summary>
    /// An answer passed its limit: the member runs alone from now on, or is refused when it was alone. Or a folded result was not what it
    /// must be: then its members run again alone.
    /// </summary>
    private async Task<TripOutcome> CutShortAsync(NpgsqlConnection connection, TripProgress run, FoldedEnd end)
    {
        var errand = run.Trip.Members[run.CompletedCount];
        if (run.Trip.Members.Length == 1)
        {
            run.Tell(0, new Refused(new ResultTooLarge(_limits.ResultLimitOf(errand))));
        }
        var report = Report(run) with
        {
            AloneForEver = run.TooLargeForGroup,
            Culprit = end == FoldedEnd.Unreadable ? errand.Facts.Text : null,
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
            // Twice would be its own error, whatever it is called: the second time nothing of it was prepared.
            var stale = error.IsStalePreparation() && !(trip.Members[i].RunsAgain && failed.First >= 0);
            if (fate == MemberFate.Told && !stale)
            {
                run.Tell(i, new Refused(WordsFor(trip, error, failed)));
            }
        }
        var report = Report(run);
        if (failed.First >= 0 && failed.First < trip.Members.Length)
        {
            var text = trip.Members[failed.First].FactsAt(failed.Number).Text;
            report = report with
            {
                AloneForEver = error.SqlState == "25006" ? [(text, AloneForEver.ReadOnlyRefused)] : [],
                Culprit = trip.Members.Length > 1 ? text : null,
                CulpritHeldUp = TripFailure.MayBeTheGroupsFault(error.SqlState),
                // What the server does not understand when it is folded, it may well understand when it is not.
                NotFoldable = failed.IsFolded && error.SqlState.StartsWith("42", StringComparison.Ordinal) ? text : null,
            };
        }
        return error.PoisonsConnection()
            ? new TripOutcome.Unusable(report, CloseReason.Broken, $"{error.SqlState}: prepared statements are in doubt")
            : await CleanUpAsync(connection, run.IsFramed, report);
    }

    // Only a statement that is alone is ever cancelled for its caller.
    private Failure WordsFor(Trip trip, PostgresException error, Carrier failed) =>
        _cancelled && trip.Members.Length == 1 && error.SqlState == PostgresErrorCodes.QueryCanceled
            ? new Cancelled("while it ran on the server")
        : trip.Members is [{ IsUnit: true }] && failed.First == 0 ? error.ToFailure() with { Statement = failed.Number }
        : error.ToFailure();

    /// <summary>
    /// After an error the transaction's block stays open: it ends here, as a trip of its own, before anybody else is served.
    /// </summary>
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
        // A server that ends a connection in words sends first what it has answered so far, so that the error is about the member it was
        // working on.
        var blamed = words is not null && _underWay?.IndexOf(words) is { } index && index < run.Carriers.Length
            ? run.CarrierOf(index).First
            : TripDoubt.Nobody;
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
        var cause = exception.Cause();
        return inDoubt
            ? new TripOutcome.InDoubt(Report(run) with { RunAgain = [] }, doubt, cause)
            : new TripOutcome.Unusable(Report(run),
                exception is UnexpectedAnswerException ? CloseReason.Breach : CloseReason.Broken, cause);
    }

    private Failure LostFailure(Errand errand, Exception exception) =>
        errand.Writes ? new OutcomeUnknown(_pool, exception.Message) : new ConnectionLost(_pool, exception.Message);

    private TripReport Report(TripProgress run) => new(
        run.Trip, _time.GetElapsedTime(run.Started), run.Work, run.CompletedCount, run.NotTold()) { Refused = run.Refused() };
}
