using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using HdrHistogram;
using Npgsql;

namespace Broker.Bench.Flushing;

/// <summary>One session that flushes and commits many rows. What is counted is rows; latencies are of the whole flush.</summary>
internal sealed record BulkCell(FlushWork Kind, int Rows) : FlushCell(Kind, Connections: 1)
{
    private const long LongestMicroseconds = 600_000_000;

    public override string PlaceTitle => "rows";

    public override string Place => $"{Rows}";

    public override string Unit => "row";

    public override IReadOnlyDictionary<string, int> Sizes => new Dictionary<string, int> { ["rows"] = Rows };

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group) =>
        [.. AtLeast(10, FlushContenders.Baseline, result, group), .. AtLeast(8, SqlAlchemy.ContenderName, result, group)];

    public override string ToString() => $"{Work}, {Rows} rows";

    /// <summary>
    /// Flushes until they took the round's time together. The table is put in order before each, and looked at behind it, unmeasured.
    /// </summary>
    protected override async Task<Round> RoundAsync(IFlushContender contender, NpgsqlDataSource side, RoundRunner runner, TimeSpan time)
    {
        var latencies = new LongHistogram(LongestMicroseconds, 3);
        Usage? all = null;
        while (all is null || all.Seconds < time.TotalSeconds)
        {
            await FlushSchema.ResetAsync(side, Kind, Rows);
            var used = await FlushAsync(contender, runner.Server);
            await FlushSchema.CheckAsync(side, Kind, Rows, contender.Name);
            latencies.RecordValue((long)(used.Seconds * 1e6));
            all = all is null ? used : all + used;
        }

        var rows = latencies.TotalCount * (double)Rows;
        return Round.Of([GroupFigures.Of("rows", rows / all.Seconds, latencies)], all, rows);
    }

    private async Task<Usage> FlushAsync(IFlushContender contender, ServerProcesses server)
    {
        var flush = await contender.PrepareAsync(Kind, Rows);
        GC.Collect();
        var before = Usage.AtStart(server, contender.Child);
        await flush();
        return Usage.AtEnd(server, contender.Child) - before;
    }
}
