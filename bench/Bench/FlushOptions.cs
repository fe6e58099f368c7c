using Broker.Bench.Flushing;

namespace Broker.Bench;

/// <summary>What one run of flushes measures. The defaults are the matrix of the issue; every option makes it shorter.</summary>
internal sealed record FlushOptions
{
    public int Rows { get; init; } = 10_000;
    public int[] Sessions { get; init; } = [1, 64];
    public int[] Connections { get; init; } = [10, 64];
    public string[] Workloads { get; init; } = FlushWorks.Names;
    public string[] Contenders { get; init; } = FlushContenders.Names;
    public int Rounds { get; init; } = 5;
    public TimeSpan RoundTime { get; init; } = TimeSpan.FromSeconds(2);
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Connection string of a server that already runs; null starts a private one.</summary>
    public string? Server { get; init; }

    public static FlushOptions Parse(ReadOnlySpan<string> arguments) => Arguments.Read(
        arguments,
        new FlushOptions(),
        static (options, word) => word is "--idle" ? options with { Workloads = [FlushWork.Idle.Name()] } : null,
        static (options, name, value) => options.With(name, value));

    public static string Usage() =>
        $"""
        flush   [--rows 10000] [--sessions 1,64] [--connections 10,64] [--rounds 5] [--seconds 2] [--warmup 2]
                [--workloads {string.Join(',', FlushWorks.Names)}]
                [--contenders {string.Join(',', FlushContenders.Names)}]
                [--server "Host=...;Username=..."] [--idle]
        """;

    private FlushOptions With(string name, string value) => name switch
    {
        "--rows" => this with { Rows = int.Parse(value) },
        "--sessions" => this with { Sessions = Arguments.Numbers(value) },
        "--connections" => this with { Connections = Arguments.Numbers(value) },
        "--workloads" => this with { Workloads = Arguments.Known(value, FlushWorks.Names) },
        "--contenders" => this with { Contenders = Arguments.Known(value, FlushContenders.Names) },
        "--rounds" => this with { Rounds = int.Parse(value) },
        "--seconds" => this with { RoundTime = Arguments.Seconds(value) },
        "--warmup" => this with { WarmUp = Arguments.Seconds(value) },
        "--server" => this with { Server = value },
        _ => throw Arguments.Unknown(name),
    };
}
