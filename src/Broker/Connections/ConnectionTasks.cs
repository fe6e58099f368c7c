using System.Data;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Errands;
using Broker.Pools.Hooks;
using Broker.Statements;
using Npgsql;

namespace Broker.Connections;

/// <summary>
/// What a connection's actor starts and hears the end of. Each task turns what can go wrong into its result. One at a time: the actor's states
/// see to that.
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

    internal ConnectionTasks(ConnectionId id, bool first, ConnectionPlan plan, TimeProvider time)
    {
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

    /// <summary>Opens the connection. Returns why not, or null.</summary>
    internal async Task<Failure?> ConnectAsync()
    {
        var (physical, failure) = await _plan.Connector.ConnectAsync(_plan.Pool, _connecting.Token);
        _physical = physical;
        if (physical is null)
        {
            return failure;
        }
        _backend = physical.Backend;
        _trips = new(_plan.Pool, _plan.Trips with { LockTimeout = Defaults.LockTimeout(_plan.Trips.LockTimeout) }, _time);
        if (!_abandoned && await HookAsync(HookKind.FirstConnect, _first) is { } first)
        {
            await CloseAsync(CloseReason.HookFailed);
            return first;
        }
        if (!_abandoned && await HookAsync(HookKind.Connect) is { } connect)
        {
            await CloseAsync(CloseReason.HookFailed);
            return connect;
        }
        if (_abandoned)
        {
            await physical.DisposeAsync();
        }
        return null;
    }

    /// <summary>Ends an attempt to connect that nobody waits for.</summary>
    internal void GiveUpConnecting() => _connecting.Cancel();

    /// <summary>Runs a trip and leaves the connection as it found it.</summary>
    /// <param name="trip">The trip.</param>
    /// <param name="over">Told the outcome, before those who wait for an answer are: when a caller asks again, the connection is free.</param>
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
            over(outcome);
            outcome.TellDue();
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

    /// <summary>Asks the server to cancel the trip under way, as often as it is called.</summary>
    internal void CancelTrip()
    {
        // In this order: a trip that ends in between sees that there is something to wait for.
        var asked = new TaskCompletionSource();
        _cancelling = _cancelling is { } earlier ? Task.WhenAll(earlier, asked.Task) : asked.Task;
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
                await wrapper.DisposeAsync();
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
    /// Ends the borrower's wrapper and brings the connection back to idle. Returns why it cannot be used again, or no reason. What the borrower left
    /// running has `pool.reset-timeout` to end; then the server is asked to end its process, and the connection is closed.
    /// </summary>
    internal async Task<(CloseReason? Spoilt, string Cause)> TakeBackAsync(NpgsqlConnection wrapper)
    {
        var resetting = ResetAsync(wrapper);
        try
        {
            return await resetting.WaitAsync(_plan.ResetTimeout, _time);
        }
        catch (TimeoutException)
        {
            await TerminateAsync();
            await ((Task)resetting).WaitAsync(_plan.ResetTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return (CloseReason.ResetTimedOut, $"its reset took longer than {_plan.ResetTimeout.TotalSeconds:0.###} s (pool.reset-timeout)");
        }
    }

    private async Task TerminateAsync()
    {
        try
        {
            await _plan.Connector.TerminateAsync(_plan.Pool, Backend);
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            // The server cannot be asked: then the process counts as a ghost until it is seen gone.
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
            if (_plan.CommitOnReturn && wrapper.FullState == ConnectionState.Open)
            {
                await using var commit = new NpgsqlBatch(wrapper) { Timeout = 0, BatchCommands = { new("COMMIT") } };
                await commit.ExecuteNonQueryAsync();
            }
            await _physical!.TakeBackAsync(wrapper);
            return await HookAsync(HookKind.Checkin) is { } checkin ? (CloseReason.HookFailed, checkin.Message) : (null, "");
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return (CloseReason.Broken, exception.Message);
        }
    }

    /// <summary>
    /// Takes the connection from a holder who may be using it at this moment. A wrapper in use cannot be closed from here, so the server is asked
    /// to end its process first; then the holder's own call fails, and the wrapper is dead.
    /// </summary>
    /// <returns>What was seen.</returns>
    internal async Task<string> RevokeAsync(NpgsqlConnection wrapper)
    {
        try
        {
            if ((wrapper.FullState & (ConnectionState.Executing | ConnectionState.Fetching)) != 0)
            {
                await _plan.Connector.TerminateAsync(_plan.Pool, Backend);
            }
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
        using var limit = new CancellationTokenSource(_plan.PingTimeout, _time);
        try
        {
            await using var ping = new NpgsqlBatch(Own) { Timeout = 0, BatchCommands = { new("SELECT 1") } };
            await ping.ExecuteNonQueryAsync(limit.Token);
            return null;
        }
        catch (OperationCanceledException)
        {
            return $"no answer within {_plan.PingTimeout.TotalMilliseconds:0} ms";
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return exception.Message;
        }
    }

    /// <summary>Closes the physical connection; never throws.</summary>
    internal async Task<bool> CloseAsync(CloseReason reason)
    {
        try
        {
            var spoilt = reason is CloseReason.Invalidated or CloseReason.Broken or CloseReason.PingFailed or CloseReason.HolderLost or CloseReason.Breach
                or CloseReason.ResetTimedOut;
            await HookAsync(HookKind.Invalidate, spoilt);
            await HookAsync(HookKind.Close);
            await _physical!.DisposeAsync();
            return true;
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return false;
        }
    }

    /// <summary>The actor is gone: what is open closes when the task under way ends.</summary>
    /// <param name="underWay">That task.</param>
    /// <param name="onTrip">Whether it is a trip whose end the actor has not heard of: who waits for more than that is told here.</param>
    internal async Task AbandonAsync(Task? underWay, bool onTrip)
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
        if (_physical is { } physical)
        {
            await physical.DisposeAsync();
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
        exception is NpgsqlException or InvalidOperationException or IOException or TimeoutException or OperationCanceledException or ConnectionReplacedException;
}
