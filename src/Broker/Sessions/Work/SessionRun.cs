using System.Data;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands;
using Broker.Streams;
using Npgsql;

namespace Broker.Sessions.Work;

/// <summary>
/// A conversation's work on one lent connection: the tasks that its actor starts one at a time. Only <see cref="Cancel"/> may be called
/// while one is under way. A COMMIT that was sent is cancelled by nothing.
/// </summary>
internal sealed class SessionRun
{
    private readonly SessionPlan _plan;
    private readonly ConversationTerms _terms;
    private readonly NpgsqlConnection _connection;
    private readonly AnswersOfWork _answers;
    private readonly WorkFailures _failures;
    private Task _cancelling = Task.CompletedTask;
    private volatile WorkBatch? _underWay;
    private volatile bool _copying;

    internal SessionRun(SessionPlan plan, ConversationTerms terms, Client.Protocol.SessionId session, NpgsqlConnection connection)
    {
        (_plan, _terms, _connection) = (plan, terms, connection);
        _answers = new(terms.ResultBytes ?? plan.ResultLimit);
        _failures = new(plan, session, connection);
    }

    /// <summary>Whether the server was asked to cancel since the last <see cref="FenceAsync"/>.</summary>
    internal bool CancelAsked { get; private set; }

    /// <summary>Whether a COPY is under way, which <see cref="Cancel"/> does not end.</summary>
    internal bool IsCopying => _copying;

    /// <summary>Does work. Never throws.</summary>
    internal async Task<WorkResult> RunAsync(SessionWork work)
    {
        var progress = new WorkProgress(work);
        try
        {
            if (work.Begins && _plan.Ledger is { } ledger && !_terms.ReadOnly)
            {
                await ledger.EnsureAsync(_connection);
            }
            return await CarryOutAsync(progress);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return await _failures.ReadAsync(progress, exception, _underWay);
        }
        finally
        {
            if (_underWay is { } batch)
            {
                _underWay = null;
                await batch.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// Has the server cancel what it is doing, each time it is called; but not while an earlier request is not answered, since each blocks
    /// a thread.
    /// </summary>
    internal void Cancel()
    {
        if (_cancelling.IsCompleted && _underWay is { Commits: false } batch)
        {
            CancelAsked = true;
            // Npgsql cancels over a connection of its own, and blocks the calling thread for it.
            _cancelling = Task.Run(batch.Cancel).ContinueWith(static request => _ = request.Exception, TaskScheduler.Default);
        }
    }

    /// <summary>
    /// Ends when no request to cancel can reach the next command any more. One that comes late and finds no command hits the fence: then
    /// the transaction has failed by it, and the command with it.
    /// </summary>
    internal async Task<WorkResult> FenceAsync(WorkResult result)
    {
        await _cancelling;
        CancelAsked = false;
        for (var attempt = 0; attempt < 2 && result.End is WorkEnd.Done or WorkEnd.Undone or WorkEnd.Failed; attempt++)
        {
            try
            {
                await using var fence = new NpgsqlBatch(_connection) { Timeout = 0, BatchCommands = { new("SELECT 1") } };
                await fence.ExecuteNonQueryAsync();
                return result;
            }
            catch (PostgresException late) when (late.SqlState == PostgresErrorCodes.QueryCanceled && !late.EndsConnection())
            {
                result = result.End == WorkEnd.Failed
                    ? result
                    : new(WorkEnd.Failed) { Failure = late.ToFailure(), TransactionId = result.TransactionId };
            }
            catch (PostgresException failed) when (failed.SqlState == PostgresErrorCodes.InFailedSqlTransaction)
            {
                return result;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                return new(WorkEnd.Lost) { Failure = new ConnectionLost(_plan.Pool, exception.Cause()) };
            }
        }
        return result;
    }

    /// <summary>
    /// Brings the connection to rest: afterwards nothing runs on it, nothing is unread, and no cancel request is on its way to whoever has
    /// it next. Never throws, and takes no longer than it may.
    /// </summary>
    internal async Task<LeftBehind> RestAsync(bool rollback)
    {
        var resting = BringToRestAsync(rollback);
        await ((Task)resting).WaitAsync(_plan.CleanUpLimit, _plan.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return resting.IsCompletedSuccessfully ? await resting
            : new(LeftAs.Broken,
                resting.Exception?.InnerException is { } exception
                    ? exception.Cause()
                    : $"it did not come to rest within {_plan.CleanUpLimit.TotalSeconds:0.###} s");
    }

    /// <summary>How the connection is left when it is at rest already; null when <see cref="RestAsync"/> must see to that.</summary>
    internal LeftBehind? RestsAlready(bool rollback) =>
        rollback || _plan.DiscardAfter || !_cancelling.IsCompleted ? null
            : _failures.Poisoned is { } cause ? new(LeftAs.Spoilt, cause)
            : LeftBehind.Clean;

    /// <summary>The connection may not be used by others.</summary>
    internal void Spoil(string cause) => _failures.Poison(cause);

    /// <summary>The actor is gone: ends what is under way and closes the wrapper, which nobody else will. A COMMIT is waited for.</summary>
    internal async Task AbandonAsync(Task underWay)
    {
        if (!underWay.IsCompleted)
        {
            Cancel();
            await underWay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await RestAsync(rollback: true);
        await _connection.DisposeAsync();
    }

    private async Task<LeftBehind> BringToRestAsync(bool rollback)
    {
        await _cancelling;
        if (rollback)
        {
            await ConnectionReset.ProveCleanAsync(_connection, _plan.Verbs.Rollback);
        }
        if (_plan.DiscardAfter)
        {
            await ConnectionReset.DiscardAsync(_connection);
        }
        return _failures.Poisoned is { } cause ? new(LeftAs.Spoilt, cause) : LeftBehind.Clean;
    }

    private async Task<WorkResult> CarryOutAsync(WorkProgress progress)
    {
        var work = progress.Work;
        var batch = Start();
        if (work.Begins)
        {
            batch.AddOpening(_plan.Verbs, _terms);
        }
        foreach (var cursor in work.Closes)
        {
            batch.Add(Part.Other, $"CLOSE {cursor}");
        }
        if (work.OwnSavepoint)
        {
            batch.Add(Part.Savepoint, $"SAVEPOINT {WorkBatch.OwnSavepoint}");
        }
        var from = 0;
        for (var i = 0; i < work.Steps.Length; i++)
        {
            if (work.Steps[i] is CopyStep copy)
            {
                // COPY is a part of the protocol of its own: what stands before it goes first.
                AddSteps(batch, work, from, i);
                await SendAsync(batch, progress);
                await CopyAsync(copy, i, progress);
                (batch, from) = (Start(), i + 1);
            }
        }
        if (work.Commits && work.Key is null && progress.TransactionId is null && work.Steps.IsEmpty)
        {
            batch.AddAssignedId(barrier: true);
        }
        else if (work.Commits && progress.TransactionId is null)
        {
            batch.AddOpenCommit();
        }
        AddSteps(batch, work, from, work.Steps.Length);
        if (work.OwnSavepoint)
        {
            batch.Add(Part.Other, $"RELEASE SAVEPOINT {WorkBatch.OwnSavepoint}");
        }
        foreach (var text in work.After)
        {
            batch.Add(Part.Other, text);
        }
        AddEnd(batch, progress);
        await SendAsync(batch, progress);
        return progress.Spoilt is not { } spoilt ? progress.End(WorkEnd.Done)
            : work.Commits ? progress.End(WorkEnd.Done) with { Results = [] }
            : progress.End(WorkEnd.Failed, spoilt.Failure, spoilt.Step);
    }

    private void AddEnd(WorkBatch batch, WorkProgress progress)
    {
        var work = progress.Work;
        if (work.Commits)
        {
            if (work.Key is { } key)
            {
                AddClaim(batch, work, key);
            }
            // In a transaction that has failed COMMIT would be answered too, by another tag, which nobody sees.
            batch.AddAssignedId();
            foreach (var text in _plan.Verbs.Commit)
            {
                batch.Add(Part.Commit, text);
            }
        }
        else if (progress.TransactionId is null && !_terms.ReadOnly)
        {
            batch.AddAssignedId();
        }
    }

    private void AddClaim(WorkBatch batch, SessionWork work, string key)
    {
        if (work.RestoresRole)
        {
            // The ledger is written as the pool's own user, whatever role and search path the statements ran under.
            batch.Add(Part.Claim, "RESET ROLE");
            batch.Add(Part.Claim, "RESET search_path");
        }
        batch.Add(Part.Claim, StatementBinder.Make(_plan.Ledger!.Statements.Claim(key, WorkFailures.Fingerprint)));
    }

    private static void AddSteps(WorkBatch batch, SessionWork work, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            batch.AddStep((StatementStep)work.Steps[i], i, work.FindsPrepared);
        }
    }

    private WorkBatch Start() => new(_connection);

    private async Task SendAsync(WorkBatch batch, WorkProgress progress)
    {
        if (batch.IsEmpty)
        {
            return;
        }
        _underWay = batch;
        if (_connection.FullState != ConnectionState.Open)
        {
            throw new NotSentException();
        }
        progress.CommitSent |= batch.Commits;
        await using (var reader = await batch.SendAsync())
        {
            await _answers.ReadAsync(reader, batch, progress);
        }
        progress.HasBegun = true;
        _underWay = null;
        await batch.DisposeAsync();
    }

    private async Task CopyAsync(CopyStep step, int number, WorkProgress progress)
    {
        _copying = true;
        try
        {
            progress.Answered(number, await CopyColumns.CopyAsync(_connection, step), RowSet.Empty);
        }
        // Whatever a value is refused with, the copy is given up and the connection is well; where it is not, that is seen.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new CopyFailedException(number, exception);
        }
        finally
        {
            _copying = false;
        }
    }
}

/// <summary>The connection was lost before the work was sent.</summary>
internal sealed class NotSentException() : Exception("the connection was lost before anything was sent");

/// <summary>A step that copies rows failed.</summary>
internal sealed class CopyFailedException(int step, Exception cause) : Exception(cause.Message, cause)
{
    internal int Step { get; } = step;
}
