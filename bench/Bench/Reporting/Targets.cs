using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Workloads;

namespace Broker.Bench.Reporting;

/// <summary>What the broker is expected to reach in a cell, at the same maximum of connections and with its defaults.</summary>
internal static class Targets
{
    public const string Contender = "broker";

    /// <summary>The expectations of one group of callers in one cell, with what was seen; empty without the broker.</summary>
    public static IEnumerable<Target> For(CellResult result, GroupFigures group) =>
        result.Of(Contender) is null ? [] : [.. Throughput(result, group), .. Delays(result, group), .. Migrations(result, group)];

    private static IEnumerable<Target> Throughput(CellResult result, GroupFigures group)
    {
        if (Factor(result.Cell) is { } factor && result.Ratio(Contender, AllContenders.Baseline, group.Name) is { } ratio)
        {
            yield return new Target($">= {factor:0.##} x pool", ratio, ratio >= factor);
        }

        if (result.Cell is { Workload: ReadWorkload, Callers: >= 64 }
            && result.Ratio(Contender, AllContenders.Multiplexing, group.Name) is { } multiplexing)
        {
            yield return new Target(">= 3 x multiplexing", multiplexing, multiplexing >= 3);
        }
    }

    private static double? Factor(Cell cell) => (cell.Workload, cell.Callers) switch
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

    private static IEnumerable<Target> Delays(CellResult result, GroupFigures group)
    {
        if (result.Cell.Workload is LockWorkload)
        {
            yield return new Target("max <= 300 ms", group.Maximum, group.Maximum <= 300);
        }

        if (result.Cell is { Callers: 64, Workload: ReadWorkload or InsertWorkload or PauseWorkload }
            && result.Of(AllContenders.Baseline)?.Typical.Groups[0].P99 is { } pool)
        {
            yield return new Target("p99 below pool's", group.P99 / pool, group.P99 < pool);
        }
    }

    private static IEnumerable<Target> Migrations(CellResult result, GroupFigures group)
    {
        var beside = result.Of(Contender)!.Typical.Beside;
        if (beside.TryGetValue(MigrationWorkload.Killed, out var killed) && group.Name == MigrationWorkload.FirstGroup)
        {
            yield return new Target("no migration killed", killed, killed == 0 && beside[MigrationWorkload.Done] > 0);
        }
    }
}

/// <param name="Expected">In words.</param>
/// <param name="Seen">The figure that was compared.</param>
internal sealed record Target(string Expected, double Seen, bool Met)
{
    public override string ToString() => $"{Expected}: {Seen:0.##} {(Met ? "met" : "NOT MET")}";
}
