using Broker.Connections;
using Npgsql;

namespace Broker.Settlement;

/// <summary>What the settling connection sees of its server and of the old backend, which is asked to end by the same statement.</summary>
/// <param name="InRecovery">Whether it is a standby, which can settle nothing.</param>
/// <param name="PostmasterStart">pg_postmaster_start_time().</param>
/// <param name="Timeline">The timeline of its write-ahead log.</param>
/// <param name="StatisticsReset">
/// When the background writer's statistics began: never later than a crash recovery, see <see cref="WhyNotBelieved"/>. Null if it does not
/// say.
/// </param>
/// <param name="AwaitsReplication">
/// Whether the old backend has committed and waits for a synchronous standby; then it was not asked to end.
/// </param>
internal sealed record ServerSighting(
    bool InRecovery, DateTime PostmasterStart, int Timeline, DateTime? StatisticsReset, bool AwaitsReplication)
{
    /// <summary>The timeline as of now; pg_control_checkpoint() alone is behind between a promotion and the next checkpoint.</summary>
    internal const string TimelineExpression = """
        case when pg_catalog.pg_is_in_recovery() then (select timeline_id from pg_catalog.pg_control_checkpoint())
             else ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int end
        """;

    /// <summary>
    /// $1 and $2 are the old backend's pid and start. One that waits for synchronous replication is left alone: it has committed, and
    /// ending it would only cut the promise that its commit is on the standby.
    /// </summary>
    private const string Text = $"""
        select pg_catalog.pg_is_in_recovery(), pg_catalog.pg_postmaster_start_time(), {TimelineExpression},
               (select stats_reset from pg_catalog.pg_stat_bgwriter), coalesce(old.wait_event = 'SyncRep', false),
               case when old.wait_event is distinct from 'SyncRep' then pg_catalog.pg_terminate_backend(old.pid) end
        from (select 1) one left join pg_catalog.pg_stat_activity old on old.pid = $1 and old.backend_start = $2
        """;

    /// <summary>Looks, and ends the old backend.</summary>
    internal static async Task<ServerSighting> LookAsync(NpgsqlConnection connection, BackendIdentity old, CancellationToken cancel)
    {
        await using var look = new NpgsqlBatch(connection);
        look.BatchCommands.Add(new NpgsqlBatchCommand(Text)
        {
            Parameters =
                { new NpgsqlParameter<int> { TypedValue = old.Pid }, new NpgsqlParameter<DateTime> { TypedValue = old.BackendStart } },
        });
        await using var reader = await look.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        return new ServerSighting(
            reader.GetBoolean(0), reader.GetDateTime(1), reader.GetInt32(2),
                await reader.IsDBNullAsync(3, cancel) ? null : reader.GetDateTime(3), reader.GetBoolean(4));
    }

    /// <summary>
    /// Null if a transaction id of that backend still means the same transaction here, else why not. Unbroken are the postmaster and the
    /// timeline, and no crash recovery came between: when one process is killed the postmaster stays, all others restart, and an id whose
    /// log was never flushed is given out again. Statistics do not survive such a recovery, so theirs must be older than the backend.
    /// </summary>
    internal string? WhyNotBelieved(BackendIdentity old) => this switch
    {
        _ when PostmasterStart != old.PostmasterStart => "the server was restarted or replaced since",
        _ when Timeline != old.Timeline => $"the server is on timeline {Timeline}, the transaction ran on {old.Timeline}",
        _ when StatisticsReset is null || StatisticsReset > old.BackendStart => "the server may have recovered from a crash since",
        _ => null,
    };
}
