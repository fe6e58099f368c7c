using Broker.Bench.Measuring;
using Broker.Bench.Reporting;

namespace Broker.Bench.Gateways;

/// <summary>pgbench's clients, in closed loops.</summary>
internal sealed record LoadCell(GatewayMode Mode, int Clients) : GatewayCell(Mode, Clients)
{
    private const string Group = "clients";

    public override string Unit => "transaction";

    public override async Task<CellResult> RunAsync(GatewayOptions options, GatewayServer server, IReadOnlyList<IPooler> poolers)
    {
        await server.CleanAsync();
        var racing = new List<(IPooler Pooler, double Expected, List<Round> Rounds)>();
        foreach (var pooler in poolers)
        {
            if (await TryAsync(pooler.Name, () => RoundAsync(pooler, options, server, options.WarmUp, expected: 0)) is { } warm)
            {
                racing.Add((pooler, warm.PerSecond, []));
            }
        }

        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var racer in racing.ToArray())
            {
                if (await TryAsync(racer.Pooler.Name,
                    () => RoundAsync(racer.Pooler, options, server, options.RoundTime, racer.Expected)) is { } seen)
                {
                    racer.Rounds.Add(seen);
                }
                else
                {
                    racing.Remove(racer);
                }
            }
        }

        return new CellResult(this, [.. racing.Select(racer => new ContenderResult(racer.Pooler.Name, racer.Rounds))]);
    }

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group) =>
        result.Of(Target.Contender) is { } broker ? [.. Throughput(result), .. AgainstBaseline(result, broker)] : [];

    private IEnumerable<Target> Throughput(CellResult result)
    {
        if (Factor is { } factor && result.Ratio(Target.Contender, Baseline, Group) is { } ratio)
        {
            yield return Target.AtLeast(factor, Baseline, ratio);
        }

        if (Mode is GatewayMode.Extended or GatewayMode.Prepared
            && Clients >= 64
            && result.Ratio(Target.Contender, DirectServer.PoolerName, Group) is { } direct)
        {
            yield return Target.AtLeast(4, DirectServer.PoolerName, direct);
        }
    }

    private double? Factor => (Mode, Clients) switch
    {
        (GatewayMode.Tpcb or GatewayMode.Update, _) => 1,
        (_, 1) => 0.95,
        (GatewayMode.Simple, 16) => 1.3,
        (GatewayMode.Simple, >= 64) => 2,
        (_, 16) => 2,
        (_, >= 64) => 3,
        _ => null,
    };

    private IEnumerable<Target> AgainstBaseline(CellResult result, ContenderResult broker)
    {
        if (result.Of(Baseline) is not { } baseline)
        {
            yield break;
        }

        if (Clients == 64
            && Mode != GatewayMode.Tpcb
            && broker.Typical.ClientMicroseconds / baseline.Typical.ClientMicroseconds is { } work)
        {
            yield return new Target($"cpu <= 0.6 x {Baseline}", work, work <= 0.6);
        }

        var (ours, theirs) = (Spread(broker), Spread(baseline));
        yield return new Target("p99/p50 no worse", ours / theirs, ours <= theirs);
    }

    /// <summary>How much longer than the typical client one in a hundred waits.</summary>
    public static double Spread(ContenderResult contender) => contender.Typical.Groups[0] is var group ? group.P99 / group.P50 : 0;

    private async Task<Round> RoundAsync(IPooler pooler, GatewayOptions options, GatewayServer server, TimeSpan time, double expected)
    {
        if (Mode is GatewayMode.Tpcb)
        {
            await server.VacuumAsync();
        }

        return await Pgbench.RunAsync(pooler, server.Processes, Mode, Clients, options.Threads, time, expected);
    }
}
