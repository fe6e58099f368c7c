using System.Collections.Immutable;
using Broker.Budgets;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Postgres;
using Broker.Tests.Settlement;
using Npgsql;
using Xunit;

namespace Broker.Tests.Budgets;

/// <summary>Recognising ghosts on a real server.</summary>
public sealed class GhostProbeTests
{
    private static readonly BackendIdentity Ghost = new(7, At(5), At(0), 1, "db1:5432", 150000);

    [Fact]
    public async Task A_backend_that_runs_is_seen_and_one_that_ended_is_proven_gone()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var asking = await Sql.OpenAsync(server);
        await using var running = await Original.OpenAsync(server);
        await using var ended = await Original.OpenAsync(server);
        await asking.ScalarAsync($"select pg_terminate_backend({ended.Backend.Pid}, 10000)");

        var sighting = await ProbeAsync(asking, running.Backend, ended.Backend);

        Assert.Equal([false, true], new[] { running.Backend, ended.Backend }.Select(ghost => GhostProbe.ProvesGone(sighting, ghost)));
    }

    [Fact]
    public async Task When_none_runs_the_answer_still_names_the_server()
    {
        await using var asking = await Original.OpenAsync(await SharedPostgres.CreateDatabaseAsync());

        var sighting = await ProbeAsync(asking.Connection, asking.Backend with { Pid = 1 });

        Assert.Equal(asking.Backend.PostmasterStart, sighting.PostmasterStart);
        Assert.Empty(sighting.Running);
    }

    [Fact]
    public async Task A_backend_of_another_role_whose_start_is_hidden_counts_as_running()
    {
        var server = await SharedPostgres.CreateDatabaseAsync();
        await using var running = await Original.OpenAsync(server);
        await using var asking = await Sql.OpenAsync(server);
        var role = $"plain_{running.Backend.Pid}";
        await asking.RunAsync($"create role {role}");
        await asking.RunAsync($"set role {role}");

        var sighting = await ProbeAsync(asking, running.Backend);

        Assert.Null(Assert.Single(sighting.Running).BackendStart);
        Assert.False(GhostProbe.ProvesGone(sighting, running.Backend));
        await asking.RunAsync($"reset role; drop role {role}");
    }

    [Fact]
    public void A_pid_used_again_is_another_process() =>
        Assert.True(GhostProbe.ProvesGone(Seen(At(0), "db1:5432", new RunningBackend(7, At(6))), Ghost));

    [Fact]
    public void A_server_started_again_has_no_process_of_before() =>
        Assert.True(GhostProbe.ProvesGone(Seen(At(9), "db1:5432", new RunningBackend(7, At(5))), Ghost));

    [Theory]
    [InlineData(-1)]
    [InlineData(9)]
    public void Another_host_proves_nothing(int started) => Assert.False(GhostProbe.ProvesGone(Seen(At(started), "db2:5432"), Ghost));

    private static DateTime At(int minute) => new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(minute);

    private static GhostSighting Seen(DateTime started, string server, params RunningBackend[] running) =>
        new(server, started, [.. running]);

    private static async Task<GhostSighting> ProbeAsync(NpgsqlConnection connection, params BackendIdentity[] ghosts)
    {
        await using var batch = Broker.Settlement.SettlementRunner.BatchOf(connection, GhostProbe.For([.. ghosts]));
        await using var reader = await batch.ExecuteReaderAsync();
        var rows = new List<(DateTime Started, int? Pid, DateTime? BackendStart)>();
        while (await reader.ReadAsync())
        {
            rows.Add((reader.GetDateTime(0), reader.GetValue(1) as int?, reader.GetValue(2) as DateTime?));
        }
        ImmutableArray<Column> columns =
        [
            new Column<DateTime>(new("pg_postmaster_start_time", "timestamptz", 1184), [.. rows.Select(row => row.Started)], null,
                rows.Count),
            new Column<int>(new("pid", "integer", 23), [.. rows.Select(row => row.Pid ?? 0)], [.. rows.Select(row => row.Pid is null)],
                rows.Count),
            new Column<DateTime>(new("backend_start", "timestamptz", 1184), [.. rows.Select(row => row.BackendStart ?? default)],
                [.. rows.Select(row => row.BackendStart is null)], rows.Count),
        ];
        return GhostProbe.Read("db1:5432", new RowSet(columns, rows.Count));
    }
}
