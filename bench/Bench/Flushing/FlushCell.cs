using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Npgsql;

namespace Broker.Bench.Flushing;

/// <summary>What is flushed, by whom at a time.</summary>
internal abstract record FlushCell(FlushWork Kind, int Connections) : Cell(Kind.Name())
{
    public override string Baseline => FlushContenders.Baseline;

    public static IReadOnlyList<FlushCell> Matrix(FlushOptions options) =>
        [.. FlushWorks.Named(options.Workloads).SelectMany(work => Matrix(work, options))];

    public async Task<CellResult> RunAsync(FlushOptions options, string connectionString, NpgsqlDataSource side, RoundRunner runner)
    {
        await FlushSchema.ResetAsync(side, Kind, rows: 0);
        await FlushSchema.CheckpointAsync(side);
        var contenders = await FlushContenders.StartAsync(options.Contenders, Kind, connectionString, Connections);
        try
        {
            foreach (var contender in contenders)
            {
                await WarmUpAsync(contender, side, runner, options.WarmUp);
            }

            return await InterleaveAsync(
                contenders,
                contender => contender.Name,
                options.Rounds,
                contender => RoundAsync(contender, side, runner, options.RoundTime));
        }
        finally
        {
            foreach (var contender in contenders)
            {
                await contender.DisposeAsync();
            }
        }
    }

    /// <summary>Once for each contender, before the first round.</summary>
    protected virtual Task WarmUpAsync(IFlushContender contender, NpgsqlDataSource side, RoundRunner runner, TimeSpan time) =>
        RoundAsync(contender, side, runner, time);

    protected abstract Task<Round> RoundAsync(IFlushContender contender, NpgsqlDataSource side, RoundRunner runner, TimeSpan time);

    /// <summary>An expectation, when both took part.</summary>
    protected static IEnumerable<Target> AtLeast(double factor, string against, CellResult result, GroupFigures group) =>
        result.Ratio(Target.Contender, against, group.Name) is { } ratio ? [Target.AtLeast(factor, against, ratio)] : [];

    private static IEnumerable<FlushCell> Matrix(FlushWork work, FlushOptions options) => work switch
    {
        FlushWork.Idle => [new IdleCell(IdleCell.Many, Used: false), new IdleCell(IdleCell.Many, Used: true)],
        FlushWork.OneRow =>
            from connections in options.Connections
            from sessions in options.Sessions
            where sessions > 1 || connections == options.Connections[0]
            select new OneRowCell(sessions, connections),
        FlushWork.Insert or FlushWork.Update or FlushWork.VersionedUpdate or FlushWork.Delete => [new BulkCell(work, options.Rows)],
    };
}
