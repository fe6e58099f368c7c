using Broker.Bench.Contenders;
using Broker.Bench.Workloads;
using Npgsql;

namespace Broker.Bench.Measuring;

/// <summary>Runs one round: callers start, settle, are measured, end.</summary>
internal sealed class RoundRunner
{
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(200);
    private readonly NpgsqlDataSource _side;

    public RoundRunner(NpgsqlDataSource side, ServerProcesses server)
    {
        _side = side;
        Server = server;
    }

    /// <summary>Where the server's processor time is read.</summary>
    public ServerProcesses Server { get; }

    /// <summary>Callers without measuring, so that code is compiled, statements are prepared and estimates are found.</summary>
    public static async Task WarmUpAsync(IContender contender, Workload workload, int callers, TimeSpan time)
    {
        var gate = new Gate();
        var running = Start(contender, workload, callers, gate, out _);
        await Task.WhenAny(Task.Delay(time), running);
        gate.Phase = GatePhase.Ended;
        await running;
    }

    public async Task<Round> RunAsync(IContender contender, Workload workload, int callers, TimeSpan time)
    {
        var gate = new Gate();
        GC.Collect();
        var running = Start(contender, workload, callers, gate, out var groups);
        await Task.Delay(Settling);

        var before = Usage.AtStart(Server);
        gate.Phase = GatePhase.Measuring;
        var beside = workload.DisturbAsync(contender, _side, time);
        await Task.WhenAny(Task.Delay(time), running);
        var figures = await beside;
        gate.Phase = GatePhase.Ended;
        var used = Usage.AtEnd(Server) - before;

        await running;
        return Figures(groups, used, figures);
    }

    private static Task Start(
        IContender contender, Workload workload, int callers, Gate gate, out IReadOnlyList<(CallerGroup Group, Caller[] Callers)> groups)
    {
        groups = [.. workload.Groups(callers).Select(group => (group, MakeCallers(group)))];
        return Task.WhenAll(groups.SelectMany(group => group.Callers).Select(caller => Task.Run(() => caller.RunAsync(contender, gate))));
    }

    private static Caller[] MakeCallers(CallerGroup group) =>
        [.. Enumerable.Range(0, group.Callers).Select(_ => new Caller(group, Random.Shared.Next()))];

    private static Round Figures(
        IReadOnlyList<(CallerGroup Group, Caller[] Callers)> groups, Usage used, IReadOnlyDictionary<string, double> beside)
    {
        var latencies = groups.Select(group => (group.Group.Name, Histogram: Caller.Merged(group.Callers))).ToArray();
        return Round.Of(
            [.. latencies.Select(group => GroupFigures.Of(group.Name, group.Histogram.TotalCount / used.Seconds, group.Histogram))],
            used,
            Math.Max(1, latencies.Sum(group => group.Histogram.TotalCount)),
            beside);
    }
}
