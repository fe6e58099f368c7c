using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Broker.Bench.Workloads;

namespace Broker.Bench.Remotes;

/// <summary>So many callers in one client process.</summary>
internal sealed record RemoteCell(Workload Workload, int Callers, int Connections) : Cell(Workload.Name)
{
    public override string Baseline => AllContenders.Baseline;

    public override string PlaceTitle => "callers/conn.";

    public override string Place => $"{Callers}/{Connections}";

    public override IReadOnlyDictionary<string, int> Sizes =>
        new Dictionary<string, int> { ["callers"] = Callers, ["connections"] = Connections };

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group)
    {
        if (result.Ratio(RemoteBroker.ContenderName, Baseline, group.Name) is { } ratio)
        {
            yield return Target.AtLeast(Callers >= 64 ? 2 : 0.5, Baseline, ratio);
        }
    }

    public override string ToString() => $"{Work}, {Callers} callers, {Connections} connections";

    public async Task<CellResult> RunAsync(RemoteBenchOptions options, IReadOnlyList<IContender> contenders, RoundRunner runner)
    {
        foreach (var contender in contenders)
        {
            await RoundRunner.WarmUpAsync(contender, Workload, Callers, options.WarmUp);
        }

        return await InterleaveAsync(
            contenders, contender => contender.Name, options.Rounds,
                contender => runner.RunAsync(contender, Workload, Callers, options.RoundTime));
    }
}
