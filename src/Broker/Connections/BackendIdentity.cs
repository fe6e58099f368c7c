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
internal sealed record BackendIdentity(int Pid, DateTime BackendStart, DateTime PostmasterStart, int Timeline, string Server, int ServerVersion);
