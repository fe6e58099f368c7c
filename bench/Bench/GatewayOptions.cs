using Broker.Bench.Gateways;

namespace Broker.Bench;

/// <summary>What one run of the gateway measures. The defaults are the matrix of the issue; every option makes it shorter.</summary>
internal sealed record GatewayOptions
{
    /// <summary>pgbench tells once a second how it goes; what is used is looked at between the first and the last but one.</summary>
    private static readonly TimeSpan ShortestRound = TimeSpan.FromSeconds(3);

    public int[] Clients { get; init; } = [1, 16, 64, 256, 1000];
    public string[] Modes { get; init; } = GatewayModes.Names;
    public string[] Contenders { get; init; } = Poolers.Names;
    public int Rounds { get; init; } = 3;
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>pgbench's scale: so many branches, which is so many rows that TPC-B changes for each of them.</summary>
    public int Scale { get; init; } = 64;

    /// <summary>Server connections of each pooler.</summary>
    public int Pool { get; init; } = 10;

    /// <summary>Clients that are connected and do nothing, for the mode idle.</summary>
    public int Idle { get; init; } = 5_000;

    /// <summary>Threads of pgbench, unless there are fewer clients.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    public static GatewayOptions Parse(ReadOnlySpan<string> arguments) => Arguments.Read(
        arguments,
        new GatewayOptions(),
        static (_, _) => null,
        static (options, name, value) => options.With(name, value));

    public static string Usage() =>
        $"""
        gateway [--clients 1,16,64,256,1000] [--rounds 3] [--seconds 5] [--warmup 4] [--scale 64] [--pool 10] [--idle 5000] [--threads {Environment.ProcessorCount}]
                [--modes {string.Join(',', GatewayModes.Names)}]
                [--contenders {string.Join(',', Poolers.Names)}]
        """;

    private GatewayOptions With(string name, string value) => name switch
    {
        "--clients" => this with { Clients = Arguments.Numbers(value) },
        "--modes" => this with { Modes = Arguments.Known(value, GatewayModes.Names) },
        "--contenders" => this with { Contenders = Arguments.Known(value, Poolers.Names) },
        "--rounds" => this with { Rounds = int.Parse(value) },
        "--seconds" => this with { RoundTime = AtLeast(Arguments.Seconds(value)) },
        "--warmup" => this with { WarmUp = AtLeast(Arguments.Seconds(value)) },
        "--scale" => this with { Scale = int.Parse(value) },
        "--pool" => this with { Pool = int.Parse(value) },
        "--idle" => this with { Idle = int.Parse(value) },
        "--threads" => this with { Threads = int.Parse(value) },
        _ => throw Arguments.Unknown(name),
    };

    private static TimeSpan AtLeast(TimeSpan time) => time < ShortestRound ? ShortestRound : time;
}
