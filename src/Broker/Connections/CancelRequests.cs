using System.Runtime.CompilerServices;
using Npgsql;
using Npgsql.Internal;

// Internals of Npgsql may change: without them a request is made once, and a test fails.
#pragma warning disable NPG9001

namespace Broker.Connections;

/// <summary>
/// Requests to cancel what a batch is doing. The server forgets one that finds it between two statements, or before the first has reached
/// it (PostgreSQL manual, "Canceling Requests in Progress": it may have no effect, and nobody is told), so they are made again until the
/// batch is over. Npgsql makes one for each batch, and keeps the key that another needs to itself: see `docs/decisions/cancel-again.md`.
/// </summary>
internal static class CancelRequests
{
    /// <summary>
    /// Asks the server to cancel, over a connection of Npgsql's own; blocks the calling thread until the server has taken the request. The
    /// first one begins the time in which the server is to answer, pool.reset-timeout; those that follow do not begin it anew.
    /// </summary>
    internal static void RequestCancel(this NpgsqlBatch batch)
    {
        if (!TryAgain(batch))
        {
            batch.Cancel();
        }
    }

    /// <summary>
    /// Asks again if it was asked before. Not while Npgsql keeps the first request back, which it does until the reset that it put before
    /// the batch is over: it gives a connection up whose reset fails. Nor in a version of Npgsql that does it otherwise.
    /// </summary>
    private static bool TryAgain(NpgsqlBatch batch)
    {
        try
        {
            if (batch.Connection is not { } connection || GetConnector(connection) is not { } connector
                || !IsCancellationRequested(connector) || !IsCancellationPerformed(connector))
            {
                return false;
            }
            // Where it notes that it was made, which it sees to before it makes one and sets again when it does.
            SetCancellationPerformed(connector, false);
            PerformPostgresCancellation(connector);
            return true;
        }
        catch (MissingMemberException)
        {
            return false;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Connector")]
    private static extern NpgsqlConnector? GetConnector(NpgsqlConnection connection);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_UserCancellationRequested")]
    private static extern bool IsCancellationRequested(NpgsqlConnector connector);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_PostgresCancellationPerformed")]
    private static extern bool IsCancellationPerformed(NpgsqlConnector connector);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_PostgresCancellationPerformed")]
    private static extern void SetCancellationPerformed(NpgsqlConnector connector, bool value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(PerformPostgresCancellation))]
    private static extern bool PerformPostgresCancellation(NpgsqlConnector connector);
}
