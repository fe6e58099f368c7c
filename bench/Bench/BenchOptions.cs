using Broker.Bench.Contenders;
using Broker.Bench.Workloads;

namespace Broker.Bench;

/// <summary>What one run measures. The defaults are the matrix of the issue; every option makes it shorter.</summary>
internal sealed record BenchOptions
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

    public static BenchOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new BenchOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            options = arguments[i] is "--profile"
                ? options with { Profile = true }
                : options.With(arguments[i], i + 1 < arguments.Length ? arguments[++i] : throw Unknown(arguments[i]));
        }

        return options;
    }

    public static int Usage()
    {
        Console.Error.WriteLine(
            $"""
            errands [--callers 1,8,64,256] [--connections 2,4,10] [--rounds 5] [--seconds 5] [--warmup 3] [--scale 10]
                    [--workloads {string.Join(',', AllWorkloads.Names)}]
                    [--contenders {string.Join(',', AllContenders.Names)}]
                    [--server "Host=...;Username=..."] [--profile]
            """);
        return 2;
    }

    private BenchOptions With(string name, string value) => name switch
    {
        "--callers" => this with { Callers = Numbers(value) },
        "--connections" => this with { Connections = Numbers(value) },
        "--workloads" => this with { Workloads = Known(value, AllWorkloads.Names) },
        "--contenders" => this with { Contenders = Known(value, AllContenders.Names) },
        "--rounds" => this with { Rounds = int.Parse(value) },
        "--seconds" => this with { RoundTime = TimeSpan.FromSeconds(double.Parse(value)) },
        "--warmup" => this with { WarmUp = TimeSpan.FromSeconds(double.Parse(value)) },
        "--scale" => this with { Scale = int.Parse(value) },
        "--server" => this with { Server = value },
        _ => throw Unknown(name),
    };

    private static int[] Numbers(string list) => [.. list.Split(',').Select(int.Parse)];

    private static string[] Known(string list, string[] names) =>
        [.. list.Split(',').Select(name => names.Contains(name) ? name : throw Unknown(name))];

    private static ArgumentException Unknown(string word) => new($"'{word}' is not understood; run without arguments for the options.");
}
