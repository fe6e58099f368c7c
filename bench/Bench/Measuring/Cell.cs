using Broker.Bench.Contenders;
using Broker.Bench.Workloads;

namespace Broker.Bench.Measuring;

/// <summary>One place of the matrix: a workload, so many callers, so many connections at most.</summary>
internal sealed record Cell(Workload Workload, int Callers, int Connections)
{
    public static IReadOnlyList<Cell> Matrix(BenchOptions options) =>
    [
        .. from workload in AllWorkloads.Named(options.Workloads)
           from connections in options.Connections
           from callers in options.Callers
           where callers >= workload.MinimumCallers
           select new Cell(workload, callers, connections),
    ];

    public override string ToString() => $"{Workload.Name}, {Callers} callers, {Connections} connections";

    /// <summary>All contenders in turn, round by round (A B A B), so that a noisy minute hits all of them.</summary>
    public async Task<CellResult> RunAsync(BenchOptions options, string connectionString, RoundRunner runner)
    {
        var contenders = await AllContenders.StartAsync(options.Contenders, connectionString, Connections);
        try
        {
            foreach (var contender in contenders)
            {
                await RoundRunner.WarmUpAsync(contender, Workload, Callers, options.WarmUp);
            }

            return await RoundsAsync(contenders, options, runner);
        }
        finally
        {
            foreach (var contender in contenders)
            {
                await contender.DisposeAsync();
            }
        }
    }

    private async Task<CellResult> RoundsAsync(IReadOnlyList<IContender> contenders, BenchOptions options, RoundRunner runner)
    {
        var rounds = contenders.ToDictionary(contender => contender.Name, _ => new List<Round>());
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                rounds[contender.Name].Add(await runner.RunAsync(contender, Workload, Callers, options.RoundTime));
            }
        }

        return new CellResult(this, [.. contenders.Select(contender => new ContenderResult(contender.Name, rounds[contender.Name]))]);
    }
}
