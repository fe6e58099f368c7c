using System.Collections.Immutable;
using Broker.Client.Protocol.Values;
using Broker.Connections;

namespace Broker.Budgets;

/// <summary>The statement that asks a server which of some backends still run, and how its answer decides.</summary>
internal static class GhostProbe
{
    /// <summary>
    /// $1 is the pids. Always answers at least one row, with pid NULL when none runs. backend_start is NULL for other roles' backends
    /// unless the role is a member of pg_read_all_stats.
    /// </summary>
    internal const string Text =
        "select pg_catalog.pg_postmaster_start_time(), a.pid, a.backend_start from (select 1) one " +
        "left join pg_catalog.pg_stat_activity a on a.pid = any($1)";

    /// <summary>The statement for these ghosts.</summary>
    internal static Statement For(ImmutableArray<BackendIdentity> ghosts) =>
        new(Text, [new Parameter<int[]>([.. ghosts.Select(ghost => ghost.Pid)])]);

    /// <summary>Reads the rows of <see cref="For"/>.</summary>
    /// <param name="server">The host the probing connection is connected to.</param>
    /// <param name="rows">Its answer.</param>
    internal static GhostSighting Read(string server, RowSet rows)
    {
        var running = ImmutableArray.CreateBuilder<RunningBackend>(rows.Count);
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows.Columns[1].GetValue(row) is int pid)
            {
                running.Add(new RunningBackend(pid, (DateTime?)rows.Columns[2].GetValue(row)));
            }
        }
        return new GhostSighting(server, (DateTime)rows.Columns[0].GetValue(0)!, running.ToImmutable());
    }

    /// <summary>
    /// Whether the sighting proves that this backend is gone. False means only that it may still run. The start of the postmaster tells one
    /// server from another; of a later one only the host can tell whether it is the same server, started again.
    /// </summary>
    internal static bool ProvesGone(GhostSighting sighting, BackendIdentity ghost) => sighting.PostmasterStart == ghost.PostmasterStart
        ? !sighting.Running.Any(process => MayBe(process, ghost))
        : sighting.PostmasterStart > ghost.PostmasterStart && sighting.Server == ghost.Server;

    private static bool MayBe(RunningBackend process, BackendIdentity ghost) =>
        process.Pid == ghost.Pid && (process.BackendStart is null || process.BackendStart == ghost.BackendStart);
}
