using Broker.Bench.Contenders;
using Broker.Bench.Workloads;

namespace Broker.Bench;

/// <summary>What one run of errands measures. The defaults are the matrix of the issue; every option makes it shorter.</summary>
internal sealed record ErrandsOptions
{
    public int[] Callers { get; init; } = [1, 8, 64, 256];
    public int[] Connections { get; init; } = [2, 4, 10];
    public string[] Workloads { get; init; } = AllWorkloads.Names;
    public string[] Contenders { get; init; } = AllContenders.Names;
    public int Rounds { get; init; } = 5;
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);
    public int Scale { get; init; } = 10;

    /// <summary>Connection string of a server that already runs; null starts a private one.</summary>
    public string? Server { get; init; }

    /// <summary>One cell only, for as long as the round time says, with the process id on the screen.</summary>
    public bool Profile { get; init; }

    public static ErrandsOptions Parse(ReadOnlySpan<string> arguments) => Arguments.Read(
        arguments,
        new ErrandsOptions(),
        static (options, word) => word is "--profile" ? options with { Profile = true } : null,
        static (options, name, value) => options.With(name, value));

    public static string Usage() =>
        $"""
        errands [--callers 1,8,64,256] [--connections 2,4,10] [--rounds 5] [--seconds 5] [--warmup 3] [--scale 10]
                [--workloads {string.Join(',', AllWorkloads.Names)}]
                [--contenders {string.Join(',', AllContenders.Names)}]
                [--server "Host=...;Username=..."] [--profile]
        """;

    private ErrandsOptions With(string name, string value) => name switch
    {
        "--callers" => this with { Callers = Arguments.Numbers(value) },
        "--connections" => this with { Connections = Arguments.Numbers(value) },
        "--workloads" => this with { Workloads = Arguments.Known(value, AllWorkloads.Names) },
        "--contenders" => this with { Contenders = Arguments.Known(value, AllContenders.Names) },
        "--rounds" => this with { Rounds = int.Parse(value) },
        "--seconds" => this with { RoundTime = Arguments.Seconds(value) },
        "--warmup" => this with { WarmUp = Arguments.Seconds(value) },
        "--scale" => this with { Scale = int.Parse(value) },
        "--server" => this with { Server = value },
        _ => throw Arguments.Unknown(name),
    };
}
