using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Workloads;

namespace Broker.Bench.Reporting;

/// <summary>What the broker is expected to reach in a cell, at the same maximum of connections and with its defaults.</summary>
internal static class ErrandsTargets
{
    /// <summary>The expectations of one group of callers in one cell, with what was seen; empty without the broker.</summary>
    public static IEnumerable<Target> For(ErrandsCell cell, CellResult result, GroupFigures group) => result.Of(Target.Contender) is null
        ? []
        : [.. Throughput(cell, result, group), .. Delays(cell, result, group), .. Migrations(result, group)];

    private static IEnumerable<Target> Throughput(ErrandsCell cell, CellResult result, GroupFigures group)
    {
        if (Factor(cell) is { } factor && result.Ratio(Target.Contender, AllContenders.Baseline, group.Name) is { } ratio)
        {
            yield return Target.AtLeast(factor, "pool", ratio);
        }

        if (cell is { Workload: ReadWorkload, Callers: >= 64 }
            && result.Ratio(Target.Contender, AllContenders.Multiplexing, group.Name) is { } multiplexing)
        {
            yield return Target.AtLeast(3, "multiplexing", multiplexing);
        }
    }

    private static double? Factor(ErrandsCell cell) => (cell.Workload, cell.Callers) switch
    {
        (ReadWorkload, 1) => 0.95,
        (ReadWorkload, 8) => 2.5,
        (ReadWorkload, 64) => 6,
        (ReadWorkload, 256) => 9,
        (InsertWorkload, 64) => 7,
        (InsertWorkload, 256) => 9,
        (PauseWorkload, _) => 0.95,
        (MixedWorkload, _) => 0.8,
        _ => null,
    };

    private static IEnumerable<Target> Delays(ErrandsCell cell, CellResult result, GroupFigures group)
    {
        if (cell.Workload is LockWorkload)
        {
            yield return new Target("max <= 300 ms", group.Maximum, group.Maximum <= 300);
        }

        if (cell is { Callers: 64, Workload: ReadWorkload or InsertWorkload or PauseWorkload }
            && result.Of(AllContenders.Baseline)?.Typical.Groups[0].P99 is { } pool)
        {
            yield return new Target("p99 below pool's", group.P99 / pool, group.P99 < pool);
        }
    }

    private static IEnumerable<Target> Migrations(CellResult result, GroupFigures group)
    {
        var beside = result.Of(Target.Contender)!.Typical.Beside;
        if (beside.TryGetValue(MigrationWorkload.Killed, out var killed) && group.Name == MigrationWorkload.FirstGroup)
        {
            yield return new Target("no migration killed", killed, killed == 0 && beside[MigrationWorkload.Done] > 0);
        }
    }
}
