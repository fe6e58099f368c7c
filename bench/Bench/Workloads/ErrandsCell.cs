using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;

namespace Broker.Bench.Workloads;

/// <summary>A workload of errands, so many callers, so many connections at most.</summary>
internal sealed record ErrandsCell(Workload Workload, int Callers, int Connections) : Cell(Workload.Name)
{
    public override string Baseline => AllContenders.Baseline;

    public override string PlaceTitle => "callers/conn.";

    public override string Place => $"{Callers}/{Connections}";

    public override IReadOnlyDictionary<string, int> Sizes =>
        new Dictionary<string, int> { ["callers"] = Callers, ["connections"] = Connections };

    public static IReadOnlyList<ErrandsCell> Matrix(ErrandsOptions options) =>
    [
        .. from workload in AllWorkloads.Named(options.Workloads)
           from connections in options.Connections
           from callers in options.Callers
           where callers >= workload.MinimumCallers
           select new ErrandsCell(workload, callers, connections),
    ];

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group) => ErrandsTargets.For(this, result, group);

    public override string ToString() => $"{Work}, {Callers} callers, {Connections} connections";

    public async Task<CellResult> RunAsync(ErrandsOptions options, string connectionString, RoundRunner runner)
    {
        var contenders = await AllContenders.StartAsync(options.Contenders, connectionString, Connections);
        try
        {
            foreach (var contender in contenders)
            {
                await RoundRunner.WarmUpAsync(contender, Workload, Callers, options.WarmUp);
            }

            return await InterleaveAsync(
                contenders,
                contender => contender.Name,
                options.Rounds,
                contender => runner.RunAsync(contender, Workload, Callers, options.RoundTime));
        }
        finally
        {
            foreach (var contender in contenders)
            {
                await contender.DisposeAsync();
            }
        }
    }
}
