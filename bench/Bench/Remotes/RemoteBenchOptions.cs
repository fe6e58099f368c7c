using Broker.Bench.Workloads;

namespace Broker.Bench.Remotes;

/// <summary>What one run of remote measures. The defaults are the matrix of the issue; every option makes it shorter.</summary>
internal sealed record RemoteBenchOptions
{
    public int[] Callers { get; init; } = [1, 64, 256];
    public int Connections { get; init; } = 10;

    /// <summary>Client processes at once, with <see cref="ProcessCallers"/> each; 0 leaves that cell out.</summary>
    public int Processes { get; init; } = 8;
    public int ProcessCallers { get; init; } = 32;
    public string[] Workloads { get; init; } = [ReadWorkload.WorkloadName, InsertWorkload.WorkloadName];
    public int Rounds { get; init; } = 5;
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);
    public int Scale { get; init; } = 10;

    public static RemoteBenchOptions Parse(ReadOnlySpan<string> arguments) =>
        Arguments.Read(arguments, new RemoteBenchOptions(), static (_, _) => null,
            static (options, name, value) => options.With(name, value));

    public static string Usage() =>
        """
        remote [--callers 1,64,256] [--connections 10] [--processes 8] [--process-callers 32] [--rounds 5] [--seconds 5] [--warmup 3]
               [--scale 10] [--workloads read,insert]
        """;

    private RemoteBenchOptions With(string name, string value) => name switch
    {
        "--callers" => this with { Callers = Arguments.Numbers(value) },
        "--connections" => this with { Connections = int.Parse(value) },
        "--processes" => this with { Processes = int.Parse(value) },
        "--process-callers" => this with { ProcessCallers = int.Parse(value) },
        "--workloads" => this with { Workloads = Arguments.Known(value, AllWorkloads.Names) },
        "--rounds" => this with { Rounds = int.Parse(value) },
        "--seconds" => this with { RoundTime = Arguments.Seconds(value) },
        "--warmup" => this with { WarmUp = Arguments.Seconds(value) },
        "--scale" => this with { Scale = int.Parse(value) },
        _ => throw Arguments.Unknown(name),
    };
}
