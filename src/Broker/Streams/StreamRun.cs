using System.Collections.Immutable;
using System.Data;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands;
using Npgsql;

namespace Broker.Streams;

/// <summary>
/// One statement on a lent connection, step by step: the tasks that a stream's actor starts one at a time. Only <see cref="Cancel"/> may be
/// called while a step is under way. Before the last step commits, whatever ends the stream leaves no effect.
/// </summary>
internal abstract class StreamRun
{
    private readonly StreamPlan _plan;
    private readonly bool _framed;
    private Task _cancelling = Task.CompletedTask;
    private Exception? _failed;
    private bool _wasCancelled;
    private bool _complete;
    private volatile bool _committing;

    private protected StreamRun(StreamPlan plan, OpenStream request, NpgsqlConnection connection)
    {
        (_plan, Request, Connection) = (plan, request, connection);
        _framed = plan.Verbs.AlwaysInTransaction || StreamText.IsFramed(request);
    }

    /// <summary>The run of a request.</summary>
    internal static StreamRun For(StreamPlan plan, OpenStream request, NpgsqlConnection connection) => request.Source switch
    {
        QueryRows => new QueryRun(plan, request, connection),
        CopyOut => new CopyOutRun(plan, request, connection),
        CopyIn => new CopyInRun(plan, request, connection),
        var other => throw new ArgumentOutOfRangeException(nameof(request), other, "not a source of a stream"),
    };

    private protected OpenStream Request { get; }

    private protected ErrandId Id => Request.Id;

    private protected NpgsqlConnection Connection { get; }

    private protected Configuration.StreamSettings Settings => _plan.Stream;

    /// <summary>Sends the statement; ends when the server has begun to answer it.</summary>
    internal abstract Task<StreamPiece> OpenAsync();

    /// <summary>The next chunk: read from the server, or <paramref name="given"/> written to it.</summary>
    internal abstract Task<StreamPiece> NextAsync(ReadOnlyMemory<byte> given);

    /// <summary>Everything was read or written: commits.</summary>
    internal abstract Task<StreamPiece> FinishAsync();

    /// <summary>
    /// Asks the server to cancel the step under way; the step then fails. Not once the commit is on its way: its outcome must be known.
    /// False when Npgsql has no request for what runs, so that somebody else must ask.
    /// </summary>
    internal bool Cancel()
    {
        if (!_committing && CanCancelStep)
        {
            StartCancelling();
        }
        return _committing || CanCancelStep;
    }

    /// <summary>Takes note of why a step failed, and says it in the caller's words.</summary>
    internal Failure Failed(Exception exception)
    {
        _failed = ServerErrors.In(exception) ?? exception;
        return _failed switch
        {
            PostgresException error when !error.EndsConnection() => error.ToFailure(),
            InvalidCastException or NotSupportedException => new ResultMismatch(exception.Message),
            _ when _committing || !_framed => new OutcomeUnknown(_plan.Pool, exception.Cause()),
            _ => new ConnectionLost(_plan.Pool, exception.Cause()),
        };
    }

    /// <summary>What is told when the stream ends while a step of it can no longer be waited for.</summary>
    internal Failure Abandoned(Failure reason) => _committing || !_framed ? new OutcomeUnknown(_plan.Pool, reason.Message) : reason;

    /// <summary>
    /// Brings the connection to rest, whatever was under way: afterwards nothing runs on it, nothing is unread, and no cancel request is on
    /// its way to whoever has it next. Never throws.
    /// </summary>
    internal async Task<LeftBehind> CloseAsync()
    {
        try
        {
            if (!_complete)
            {
                await GiveUpAsync();
            }
            if (_plan.DiscardAfter)
            {
                await ConnectionReset.DiscardAsync(Connection);
            }
            return _failed is null || (_failed is PostgresException error && !error.PoisonsConnection())
                ? LeftBehind.Clean
                : new(LeftAs.Spoilt, _failed.Message);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return new(LeftAs.Broken, exception.Message);
        }
    }

    /// <summary>The actor is gone: ends the step under way and closes the wrapper, which nobody else will.</summary>
    internal async Task AbandonAsync(Task underWay)
    {
        if (!underWay.IsCompleted)
        {
            Cancel();
            await underWay.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
        await CloseAsync();
        await Connection.DisposeAsync();
    }

    /// <summary>Whether <see cref="CancelOnServer"/> may be called while a step is under way.</summary>
    private protected abstract bool CanCancelStep { get; }

    /// <summary>Blocks until the server has been asked to cancel what runs.</summary>
    private protected abstract void CancelOnServer();

    /// <summary>Ends what was opened, reading away what is left of it.</summary>
    private protected abstract Task EndAsync();

    /// <summary>Commits what was framed; the run is complete.</summary>
    private protected async Task<StreamPiece> CompleteAsync(long rows)
    {
        if (_framed)
        {
            _committing = true;
            await using var commit = new NpgsqlBatch(Connection) { Timeout = 0 };
            Add(commit, _plan.Verbs.Commit);
            await commit.ExecuteNonQueryAsync();
        }
        _complete = true;
        return new(null, WhatFollows.Nothing, rows);
    }

    /// <summary>Sends the transaction's beginning and the context by themselves, where there are such: what follows is no batch.</summary>
    private protected async Task SendBeginAsync()
    {
        await using var begin = Begin();
        if (begin.BatchCommands.Count > 0)
        {
            await begin.ExecuteNonQueryAsync();
        }
    }

    /// <summary>A batch that stands ready for the statement: the transaction and the context, where there are such.</summary>
    private protected NpgsqlBatch Begin()
    {
        var batch = new NpgsqlBatch(Connection) { Timeout = 0 };
        if (_framed)
        {
            Add(batch, _plan.Verbs.Begin(ConversationTerms.Default));
        }
        foreach (var setting in ContextStatements.For(Request.Context))
        {
            batch.BatchCommands.Add(setting);
        }
        return batch;
    }

    private static void Add(NpgsqlBatch batch, ImmutableArray<string> texts)
    {
        foreach (var text in texts)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(text));
        }
    }

    private async Task GiveUpAsync()
    {
        // What the server has refused does not run any more.
        if (!_committing && !_wasCancelled && _failed is not PostgresException)
        {
            StartCancelling();
        }
        await _cancelling;
        try
        {
            await EndAsync();
        }
        catch (PostgresException error) when (!error.EndsConnection())
        {
            // The error of the statement that is given up.
        }
        if (Connection.FullState != ConnectionState.Open)
        {
            throw new InvalidOperationException("the connection was lost");
        }
        await ConnectionReset.ProveCleanAsync(Connection, _framed ? _plan.Verbs.Rollback : "SELECT 1");
    }

    private void StartCancelling()
    {
        // Npgsql cancels over a connection of its own, and blocks the calling thread for it.
        _cancelling = Task.Run(CancelOnServer);
        _wasCancelled = true;
    }
}
