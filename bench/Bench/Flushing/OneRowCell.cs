using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Npgsql;

namespace Broker.Bench.Flushing;

/// <summary>Sessions that insert one row and commit, again and again, over so many connections at most.</summary>
internal sealed record OneRowCell(int Sessions, int Connections) : FlushCell(FlushWork.OneRow, Connections)
{
    public override string PlaceTitle => "sessions/conn.";

    public override string Place => $"{Sessions}/{Connections}";

    public override string Unit => "commit";

    public override IReadOnlyDictionary<string, int> Sizes =>
        new Dictionary<string, int> { ["sessions"] = Sessions, ["connections"] = Connections };

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group) => Sessions switch
    {
        1 => AtLeast(1, FlushContenders.Baseline, result, group),
        64 => AtLeast(5, FlushContenders.Baseline, result, group),
        _ => [],
    };

    public override string ToString() => $"{Work}, {Sessions} sessions, {Connections} connections";

    protected override Task<Round> RoundAsync(IFlushContender contender, NpgsqlDataSource side, RoundRunner runner, TimeSpan time) =>
        contender.OneRowRoundAsync(runner, Sessions, time);
}
