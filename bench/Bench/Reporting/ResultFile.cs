using System.Globalization;
using System.Text.Json;
using Broker.Bench.Measuring;

namespace Broker.Bench.Reporting;

/// <summary>Everything that was measured, as JSON in bench/results of the checkout; a new name beside an earlier file.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    public static string Write(Machine machine, BenchOptions options, IReadOnlyList<CellResult> results, DateTimeOffset now)
    {
        var path = FreePath($"errands-{now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        File.WriteAllText(path, JsonSerializer.Serialize(Document(machine, options, results, now), Format) + "\n");
        return path;
    }

    private static object Document(Machine machine, BenchOptions options, IReadOnlyList<CellResult> results, DateTimeOffset now) => new
    {
        date = now,
        machine,
        rounds = options.Rounds,
        secondsPerRound = options.RoundTime.TotalSeconds,
        cells = results.Select(result => new
        {
            workload = result.Cell.Workload.Name,
            callers = result.Cell.Callers,
            connections = result.Cell.Connections,
            contenders = result.Contenders,
            targets = result.Of(Targets.Contender)?.Typical.Groups.SelectMany(group =>
                Targets.For(result, group).Select(target => new { group = group.Name, target.Expected, target.Seen, target.Met })),
        }),
    };

    private static string FreePath(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Checkout(), "bench", "results")).FullName;
        return Enumerable.Range(1, int.MaxValue)
            .Select(number => Path.Combine(folder, number == 1 ? $"{name}.json" : $"{name}-{number}.json"))
            .First(path => !File.Exists(path));
    }

    private static string Checkout()
    {
        var folder = new DirectoryInfo(Environment.CurrentDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Broker.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? Environment.CurrentDirectory;
    }
}
