using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broker.Bench.Measuring;

namespace Broker.Bench.Reporting;

/// <summary>Everything that was measured, as JSON in bench/results of the checkout; a new name beside an earlier file.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // a ratio to a round that did nothing
    };

    /// <param name="bench">Which measurement; the file is named for it and the day.</param>
    /// <param name="machine">Where.</param>
    /// <param name="rounds">Of each contender in each cell.</param>
    /// <param name="roundTime">Of one round.</param>
    /// <param name="results">What was measured.</param>
    /// <returns>The file's path.</returns>
    public static string Write(string bench, Machine machine, int rounds, TimeSpan roundTime, IReadOnlyList<CellResult> results)
    {
        var now = TimeProvider.System.GetUtcNow();
        var path = FreePath($"{bench}-{now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        var document = new { date = now, machine, rounds, secondsPerRound = roundTime.TotalSeconds, cells = results.Select(Cell) };
        File.WriteAllText(path, JsonSerializer.Serialize(document, Format) + "\n");
        return path;
    }

    private static Dictionary<string, object> Cell(CellResult result)
    {
        var cell = new Dictionary<string, object> { ["workload"] = result.Cell.Work };
        foreach (var (name, size) in result.Cell.Sizes)
        {
            cell[name] = size;
        }

        cell["contenders"] = result.Contenders;
        cell["targets"] = result.Of(Target.Contender)?.Typical.Groups.SelectMany(group =>
            result.Cell.Targets(result, group)
                .Select(target => new { group = group.Name, target.Expected, target.Seen, target.Met })) ?? [];
        return cell;
    }

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
