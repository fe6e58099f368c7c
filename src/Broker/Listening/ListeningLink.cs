using Broker.Connections;
using Npgsql;

namespace Broker.Listening;

/// <summary>How a wait for notifications ended.</summary>
internal enum WaitEnd
{
    /// <summary>Something came; it has been told already.</summary>
    Heard,
    /// <summary>Nothing came for so long that the connection should be proven alive.</summary>
    Quiet,
    /// <summary>The wait was called off.</summary>
    Woken,
    /// <summary>The connection is lost.</summary>
    Lost,
}

/// <summary>The connection that listens: used by one task at a time, which the listener's actor starts and hears the end of.</summary>
internal sealed class ListeningLink : IAsyncDisposable
{
    private readonly PhysicalConnection _physical;
    private readonly TimeSpan? _quiet;
    private readonly TimeSpan _patience;
    private Task<string?> _running = Task.FromResult<string?>(null);

    /// <param name="physical">An open connection.</param>
    /// <param name="heard">Told each notification, on whatever thread it is read on.</param>
    /// <param name="quiet">How long nothing may come before the connection is to be proven alive; null for ever.</param>
    /// <param name="patience">How long the server may take to answer.</param>
    internal ListeningLink(PhysicalConnection physical, Action<ListeningLink, NpgsqlNotificationEventArgs> heard, TimeSpan? quiet,
        TimeSpan patience)
    {
        (_physical, _quiet, _patience) = (physical, quiet, patience);
        physical.Own.Notification += (_, notification) => heard(this, notification);
    }

    /// <summary>The server process.</summary>
    internal BackendIdentity? Backend => _physical.Backend;

    /// <summary>Runs commands, or proves the connection alive when there are none. Returns what went wrong, or null.</summary>
    internal async Task<string?> RunAsync(IReadOnlyCollection<string> commands)
    {
        // No token: Npgsql would ask the server to cancel, and wait for that without a limit.
        _running = SendAsync(commands);
        await ((Task)_running).WaitAsync(_patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _running.IsCompleted ? await _running : $"no answer within {_patience.TotalSeconds:0.###} s";
    }

    private async Task<string?> SendAsync(IReadOnlyCollection<string> commands)
    {
        try
        {
            await using var batch = new NpgsqlBatch(_physical.Own) { Timeout = 0 };
            foreach (var command in commands.Count == 0 ? ["SELECT 1"] : commands)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(command));
            }
            await batch.ExecuteNonQueryAsync();
            return null;
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return exception.Message;
        }
    }

    /// <summary>Waits until something comes, or <paramref name="wake"/>.</summary>
    internal async Task<WaitEnd> WaitAsync(CancellationToken wake)
    {
        try
        {
            return await _physical.Own.WaitAsync(_quiet ?? Timeout.InfiniteTimeSpan, wake) ? WaitEnd.Heard : WaitEnd.Quiet;
        }
        catch (OperationCanceledException) when (_physical.Own.FullState == System.Data.ConnectionState.Open)
        {
            return WaitEnd.Woken;
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            return WaitEnd.Lost;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(_physical.DisposeAfterAsync(_running));

    private static bool IsForeseen(Exception exception) =>
        exception is NpgsqlException or InvalidOperationException or IOException or TimeoutException or OperationCanceledException;
}
