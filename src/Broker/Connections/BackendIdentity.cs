using Broker.Settlement;

namespace Broker.Connections;

/// <summary>
/// Names one server process for good: a pid alone is used again by the system, and a transaction id means nothing on another timeline.
/// </summary>
/// <param name="Pid">pg_backend_pid().</param>
/// <param name="BackendStart">pg_stat_activity.backend_start of that process.</param>
/// <param name="PostmasterStart">pg_postmaster_start_time().</param>
/// <param name="Timeline">The timeline of the server's write-ahead log when the connection was opened.</param>
/// <param name="Server">Host and port, or socket path, as connected.</param>
/// <param name="ServerVersion">server_version_num, such as 150020.</param>
internal sealed record BackendIdentity(int Pid, DateTime BackendStart, DateTime PostmasterStart, int Timeline, string Server,
    int ServerVersion)
{
    /// <summary>
    /// Asks a fresh session for all of it, and for what its host is (<see cref="Budgets.SessionFacts"/>). It must be known before COMMIT
    /// can be in doubt: a pid alone is used again, a transaction id means nothing on another timeline.
    /// </summary>
    internal const string Query = $"""
        select pg_backend_pid(),
               (select backend_start from pg_stat_activity where pid = pg_backend_pid()),
               pg_postmaster_start_time(),
               {ServerSighting.TimelineExpression},
               current_setting('server_version_num')::int,
               pg_is_in_recovery(),
               current_setting('transaction_read_only')::bool
        """;
}
