using System.Diagnostics;
using Broker.Bench.Contenders;
using Npgsql;

namespace Broker.Bench.Workloads;

/// <summary>
/// A migration changes two tables in one transaction, again and again, while all callers use both. It may have to wait,
/// but must never be chosen as the victim of a deadlock.
/// </summary>
internal sealed class MigrationWorkload : Workload
{
    public const string WorkloadName = "migration";

    public const string FirstGroup = "account reads";
    public const string Done = "migrations";
    public const string Killed = "migrations killed";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public override string Name => WorkloadName;

    public override int MinimumCallers => 8;

    public override IReadOnlyList<CallerGroup> Groups(int callers) =>
    [
        new(FirstGroup, callers / 2, Operations.ReadAccount),
        new("branch reads", callers / 4, Operations.ReadBranch),
        new("inserts", callers - (callers / 2) - (callers / 4), Operations.InsertEntry),
    ];

    public override async Task<IReadOnlyDictionary<string, double>> DisturbAsync(
        IContender contender, NpgsqlDataSource side, TimeSpan round)
    {
        var (done, killed, longest) = (0, 0, TimeSpan.Zero);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < round * 0.8; await Task.Delay(Pause))
        {
            var started = clock.Elapsed;
            _ = await MigrateAsync(side, add: done % 2 == 0) ? done++ : killed++;
            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, (clock.Elapsed - started).Ticks));
        }

        if (done % 2 == 1)
        {
            await MigrateAsync(side, add: false);
        }

        return new Dictionary<string, double>
        {
            [Done] = done,
            [Killed] = killed,
            ["longest migration ms"] = longest.TotalMilliseconds,
        };
    }

    private static async Task<bool> MigrateAsync(NpgsqlDataSource side, bool add)
    {
        var change = add ? "add column migrated int" : "drop column migrated";
        await using var batch = side.CreateBatch();
        foreach (var table in (string[])["pgbench_branches", "bench_entries", "pgbench_accounts"])
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"alter table {table} {change}"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select 1 from pg_sleep(0.03)"));
        }

        try
        {
            await batch.ExecuteNonQueryAsync();
            return true;
        }
        catch (PostgresException)
        {
            return false;
        }
    }
}
