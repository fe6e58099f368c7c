using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Broker.Bench.Workloads;

namespace Broker.Bench.Remotes;

/// <summary>Several client processes with callers each, before one server that has few connections for all of them.</summary>
internal sealed record ProcessesCell(Workload Workload, int Processes, int Callers, int Connections)
    : Cell($"{Workload.Name}, several processes")
{
    public override string Baseline => AllContenders.Baseline;

    public override string PlaceTitle => "proc./callers/conn.";

    public override string Place => $"{Processes}/{Callers}/{Connections}";

    public override IReadOnlyDictionary<string, int> Sizes =>
        new Dictionary<string, int> { ["processes"] = Processes, ["callers"] = Callers, ["connections"] = Connections };

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group)
    {
        if (result.Ratio(RemoteBroker.ContenderName, Baseline, group.Name) is { } ratio)
        {
            yield return Target.AtLeast(2, Baseline, ratio);
        }
    }

    public override string ToString() => $"{Work}, {Processes} processes of {Callers} callers, {Connections} connections";

    /// <param name="options">How long.</param>
    /// <param name="contenders">Each by its name and the words that a client process is started with.</param>
    /// <param name="server">The server's processes.</param>
    public Task<CellResult> RunAsync(
        RemoteBenchOptions options, IReadOnlyList<(string Name, string[] Words)> contenders, ServerProcesses server) => InterleaveAsync(
        contenders, static contender => contender.Name, options.Rounds, contender => RoundAsync(options, contender.Words, server));

    private async Task<Round> RoundAsync(RemoteBenchOptions options, string[] words, ServerProcesses server)
    {
        string[] all =
        [
            .. words, Workload.Name, $"{Callers}", $"{options.WarmUp.TotalSeconds}", $"{options.RoundTime.TotalSeconds}",
            $"{Operations.Accounts}",
        ];
        var clients = await Task.WhenAll(Enumerable.Range(0, Processes).Select(_ => RemoteProcess.StartAsync(all)));
        var before = Usage.AtStart(server);
        var results = await Task.WhenAll(clients.Select(static client => client.ResultAsync()));
        var used = Usage.AtEnd(server) - before;
        var operations = results.Sum(static result => result.Operations);
        var figures = new GroupFigures(
            $"{Workload.Name}s", results.Sum(static result => result.PerSecond), Median.Of(results.Select(static result => result.P50)),
            results.Max(static result => result.P99), results.Max(static result => result.Maximum));
        return new Round(
            [figures], results.Sum(static result => result.ProcessorMicroseconds) / operations, used.Server?.TotalMicroseconds / operations,
            results.Sum(static result => result.Allocated) / operations, null, null, null, null, new Dictionary<string, double>());
    }
}
