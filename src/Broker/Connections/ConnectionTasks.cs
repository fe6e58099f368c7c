using System.Data;
using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Remote.Transport;
using Broker.Configuration;
using Broker.Errands;
using Broker.Pools.Hooks;
using Broker.Statements;
using Npgsql;

namespace Broker.Connections;

/// <summary>
/// What a connection's actor starts and hears the end of. Each task turns what can go wrong into its result. One at a time: the actor's
/// states see to that. A server may fall silent and never say so, and what Npgsql has begun cannot be taken from it: so nothing but a trip
/// and a connect (which has its own limit) is waited for without a limit of ours. What overruns it is left hanging, and the connection
/// is closed behind it.
/// </summary>
internal sealed class ConnectionTasks : IDisposable
{
    private readonly ConnectionId _id;
    private readonly bool _first;
    private readonly ConnectionPlan _plan;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _connecting;
    private readonly ConnectionNotes _notes = new();
    private PhysicalConnection? _physical;
    private BackendIdentity? _backend;
    private TripRunner? _trips;
    private volatile Task? _cancelling;
    private volatile bool _abandoned;
    private volatile TripOutcome? _outcome;
    private readonly Action _endProcess;
    private volatile TaskCompletionSource? _processEnded;
    private Task _hanging = Task.CompletedTask;
    private NpgsqlConnection? _refused;

    /// <param name="id">The connection's name.</param>
    /// <param name="first">Whether it runs the first-connect hooks.</param>
    /// <param name="plan">The pool's settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="endProcess">Called to have the server end the process; answered by <see cref="ProcessEnded"/>.</param>
    internal ConnectionTasks(ConnectionId id, bool first, ConnectionPlan plan, TimeProvider time, Action endProcess)
    {
        _endProcess = endProcess;
        _id = id;
        _first = first;
        _plan = plan;
        _time = time;
        _connecting = new(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>What the connection presumes; only after connecting.</summary>
    internal PoolDefaults Defaults => _physical!.Defaults!;

    /// <summary>The server process; only after connecting.</summary>
    internal BackendIdentity Backend => _backend!;

    private NpgsqlConnection Own => _physical!.Own;

    /// <summary>Opens the connection. Returns why not, or null; and whether a server process that could not be closed is left.</summary>
    internal async Task<(Failure? Failure, bool LeftBehind)> ConnectAsync()
    {
        var (physical, failure) = await _plan.Connector.ConnectAsync(_plan.Pool, _connecting.Token);
        _physical = physical;
        if (physical is null)
        {
            return (failure, false);
        }
        _backend = physical.Backend;
        _trips = new(_plan.Pool, _plan.Trips with { LockTimeout = Defaults.LockTimeout(_plan.Trips.LockTimeout) }, _time);
        if (!_abandoned && await HookAsync(HookKind.FirstConnect, _first) is { } first)
        {
            return (first, !await CloseAsync(CloseReason.HookFailed));
        }
        if (!_abandoned && await HookAsync(HookKind.Connect) is { } connect)
        {
            return (connect, !await CloseAsync(CloseReason.HookFailed));
        }
        if (_abandoned)
        {
            await physical.DisposeAsync();
        }
        return (null, false);
    }

    /// <summary>Ends an attempt to connect that nobody waits for.</summary>
    internal void GiveUpConnecting() => _connecting.Cancel();

    /// <summary>Runs a trip and leaves the connection as it found it.</summary>
    /// <param name="trip">The trip.</param>
    /// <param name="over">Told the outcome before those who wait for an answer: when a caller asks again, it is free.</param>
    internal async Task RunAsync(Trip trip, Action<TripOutcome> over)
    {
        (_cancelling, _outcome) = (null, null);
        var outcome = _outcome = await _trips!.RunAsync(Own, trip);
        if (outcome is TripOutcome.Clean clean && (_cancelling is not null || trip.ResetAfter || trip.Lesson is not null))
        {
            // What is left to do here takes round trips, which nobody should wait for.
            outcome.TellDue();
            over(await TidyAsync(trip, clean));
        }
        else
        {
            // In one turn with what follows of it: the answers' way to a remote client, and the pool's next trip.
            RemoteTurn.Begin(static told => told.Outcome.TellBehind(told.Over), (Over: over, Outcome: outcome));
        }
    }

    private async Task<TripOutcome> TidyAsync(Trip trip, TripOutcome.Clean clean)
    {
        try
        {
            if (_cancelling is { } cancelling)
            {
                // Whoever comes next must not be hit by a request that is still on its way.
                await cancelling;
                await ConnectionReset.ProveCleanAsync(Own);
            }
            if (trip.ResetAfter)
            {
                await ConnectionReset.DiscardAsync(Own);
            }
            return trip.Lesson is { } lesson
                ? new TripOutcome.Clean(clean.Report with { Learned = await lesson.LearnAsync(Own, trip.Context) })
                : clean;
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or IOException)
        {
            return new TripOutcome.Unusable(clean.Report, CloseReason.Broken, exception.Message);
        }
    }

    /// <summary>Asks the server to cancel the trip under way; not while an earlier request is unanswered: each blocks a thread.</summary>
    internal void CancelTrip()
    {
        if (_cancelling is { IsCompleted: false })
        {
            return;
        }
        // In this order: a trip that ends in between sees that there is something to wait for.
        var asked = new TaskCompletionSource();
        _cancelling = asked.Task;
        _ = _trips!.CancelAsync().ContinueWith(
            request =>
            {
                _ = request.Exception;
                asked.SetResult();
            },
            TaskScheduler.Default);
    }

    /// <summary>Proves the connection alive if asked to, then hands it out.</summary>
    internal async Task<(NpgsqlConnection? Wrapper, Failure? Failure, CloseReason Reason)> LendAsync(bool ping)
    {
        if (ping && await PingAsync() is { } problem)
        {
            return (null, new ConnectionLost(_plan.Pool, problem), CloseReason.PingFailed);
        }
        try
        {
            var wrapper = _physical!.Lend();
            if (await HookAsync(HookKind.Checkout, true, wrapper) is { } failure)
            {
                // Who waits is told first: the hook may still be using it.
                _refused = wrapper;
                return (null, failure, CloseReason.HookFailed);
            }
            return (wrapper, null, default);
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return (null, new ConnectionLost(_plan.Pool, exception.Message), CloseReason.Broken);
        }
    }

    /// <summary>
    /// Ends the borrower's wrapper and brings the connection back to idle. Returns why it cannot be used again, or no reason. What the
    /// borrower left running has `pool.reset-timeout` to end; then the server is asked to end its process, and the connection is closed.
    /// </summary>
    internal async Task<(CloseReason? Spoilt, string Cause)> TakeBackAsync(NpgsqlConnection wrapper)
    {
        var resetting = ResetAsync(wrapper);
        if (await EndsInTimeAsync(resetting))
        {
            return await resetting;
        }
        await EndProcessAsync();
        await LeaveHangingAsync(resetting);
        return (CloseReason.ResetTimedOut, $"its reset took longer than {_plan.ResetTimeout.TotalSeconds:0.###} s (pool.reset-timeout)");
    }

    /// <summary>The server was asked to end the process, or could not be.</summary>
    internal void ProcessEnded() => _processEnded?.TrySetResult();

    // That takes a permit of the server's budget and a connection, and both may be long in coming: then the process counts as a ghost until
    // it is seen gone.
    private async Task EndProcessAsync()
    {
        _processEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _endProcess();
        await EndsInTimeAsync(_processEnded.Task);
    }

    private async Task<bool> EndsInTimeAsync(Task task)
    {
        await task.WaitAsync(_plan.ResetTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }

    private async Task LeaveHangingAsync(Task task)
    {
        if (!await EndsInTimeAsync(task))
        {
            _hanging = task;
        }
    }

    private async Task<(CloseReason? Spoilt, string Cause)> ResetAsync(NpgsqlConnection wrapper)
    {
        try
        {
            if (wrapper.FullState == ConnectionState.Broken)
            {
                return (CloseReason.Broken, "it was broken when it came back");
            }
            if (await HookAsync(HookKind.Reset, true, wrapper) is { } reset)
            {
                await wrapper.DisposeAsync();
                return (CloseReason.HookFailed, reset.Message);
            }
            if (_plan.Reset == ResetMode.Commit && wrapper.FullState == ConnectionState.Open)
            {
                await using var commit = new NpgsqlBatch(wrapper) { Timeout = 0, BatchCommands = { new("COMMIT") } };
                await commit.ExecuteNonQueryAsync();
            }
            await _physical!.TakeBackAsync(wrapper);
            if (_plan.Reset == ResetMode.DiscardAll)
            {
                await ConnectionReset.DiscardNowAsync(Own);
            }
            return await HookAsync(HookKind.Checkin) is { } checkin ? (CloseReason.HookFailed, checkin.Message) : (null, "");
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return (CloseReason.Broken, exception.Message);
        }
    }

    /// <summary>
    /// Takes the connection from a holder who may be using it at this moment. A wrapper in use cannot be closed from here, so the server is
    /// asked to end its process first; then the holder's own call fails, and the wrapper is dead.
    /// </summary>
    /// <returns>Whether it was closed in order, and what was seen otherwise.</returns>
    internal async Task<(bool Clean, string Cause)> RevokeAsync(NpgsqlConnection wrapper)
    {
        if ((wrapper.FullState & (ConnectionState.Executing | ConnectionState.Fetching)) == 0)
        {
            var ending = EndAsync(wrapper);
            if (await EndsInTimeAsync(ending) && await ending == "")
            {
                return (true, "");
            }
        }
        await EndProcessAsync();
        var cutOff = EndAsync(wrapper);
        await LeaveHangingAsync(cutOff);
        return (false, "it was in use");
    }

    private static async Task<string> EndAsync(NpgsqlConnection wrapper)
    {
        try
        {
            await wrapper.DisposeAsync();
            return "";
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return exception.Message;
        }
    }

    /// <summary>Proves the connection alive. Returns what is wrong, or null.</summary>
    internal async Task<string?> PingAsync()
    {
        // No token: Npgsql would ask the server to cancel, over the same network that does not answer, and wait for that without a limit.
        var ping = SendPingAsync();
        await ((Task)ping).WaitAsync(_plan.PingTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (ping.IsCompleted)
        {
            return await ping;
        }
        _hanging = ping;
        return $"no answer within {_plan.PingTimeout.TotalMilliseconds:0} ms";
    }

    private async Task<string?> SendPingAsync()
    {
        try
        {
            await using var ping = new NpgsqlBatch(Own) { Timeout = 0, BatchCommands = { new("SELECT 1") } };
            await ping.ExecuteNonQueryAsync();
            return null;
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return exception.Message;
        }
    }

    /// <summary>Closes the physical connection; never throws. False when not in order: the server may still have its process.</summary>
    internal async Task<bool> CloseAsync(CloseReason reason)
    {
        var spoilt = reason is CloseReason.Invalidated or CloseReason.Broken or CloseReason.PingFailed or CloseReason.HolderLost
            or CloseReason.Breach
            or CloseReason.ResetTimedOut;
        if (!_hanging.IsCompleted)
        {
            _ = _physical!.DisposeAfterAsync(_hanging);
            return false;
        }
        await HookAsync(HookKind.Invalidate, spoilt);
        await HookAsync(HookKind.Close);
        var closing = ClosePhysicalAsync();
        return await EndsInTimeAsync(closing) && await closing;
    }

    private async Task<bool> ClosePhysicalAsync()
    {
        try
        {
            if (_refused is { } refused)
            {
                await refused.DisposeAsync();
            }
            await _physical!.DisposeAsync();
            return true;
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return false;
        }
    }

    /// <summary>
    /// The actor is gone: what is open closes when the task under way ends. Nobody waits for that; the budget has made a ghost of it, and
    /// hears when it was closed in order.
    /// </summary>
    /// <param name="underWay">That task.</param>
    /// <param name="onTrip">Whether it is a trip whose end the actor has not heard of: who waits for more than that is told here.</param>
    /// <param name="self">The actor.</param>
    internal async Task AbandonAsync(Task? underWay, bool onTrip, IActorRef self)
    {
        _abandoned = true;
        await _connecting.CancelAsync();
        if (underWay is not null)
        {
            await underWay.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
        if (onTrip)
        {
            _outcome?.TellAbandoned(_plan.Pool, Backend.Pid);
        }
        if (_physical is not { } physical)
        {
            return;
        }
        await _hanging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var isWhole = physical.HasOwn;
        await physical.DisposeAsync();
        if (isWhole)
        {
            _plan.Budget.Tell(new BudgetCommands.BackendClosed(self, Backend), ActorRefs.NoSender);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connecting.Dispose();

    /// <summary>Runs the application's hooks of a kind, on the broker's own wrapper when no other is given.</summary>
    private async ValueTask<HookFailed?> HookAsync(HookKind kind, bool wanted = true, NpgsqlConnection? wrapper = null)
    {
        if (!wanted || !_plan.Hooks.Hooks.Has(kind))
        {
            return null;
        }
        // Where there is none any more, a hook gets one that is closed.
        using var none = wrapper is null && !_physical!.HasOwn ? new NpgsqlConnection() : null;
        return await _plan.Hooks.RunAsync(kind, new HookedConnection(_plan.Pool, _id, wrapper ?? none ?? Own, _notes));
    }

    private static bool IsForeseen(Exception exception) =>
        exception is NpgsqlException or InvalidOperationException or IOException or TimeoutException or OperationCanceledException
            or ConnectionReplacedException;
}
