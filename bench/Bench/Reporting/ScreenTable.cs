using Broker.Bench.Measuring;
using Spectre.Console;

namespace Broker.Bench.Reporting;

/// <summary>One table per work: a row per cell, group of callers and contender, against the contender that is the measure.</summary>
internal static class ScreenTable
{
    private const int WidthWithoutTerminal = 200;

    public static void Print(IReadOnlyList<CellResult> results)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = WidthWithoutTerminal;
        }

        foreach (var work in results.GroupBy(result => result.Cell.Work))
        {
            var table = new Table().Title(work.Key).AddColumns(Columns(work.First().Cell));
            foreach (var result in work)
            {
                AddCell(table, result);
                table.AddEmptyRow();
            }

            AnsiConsole.Write(table);
        }
    }

    private static string[] Columns(Cell cell) =>
    [
        cell.PlaceTitle, "who", $"{cell.Unit}s/s", $"x {cell.Baseline}", "p50 ms", "p99 ms", "max ms",
        $"client us/{cell.Unit}", $"server us/{cell.Unit}", $"B/{cell.Unit}", "GC 0/1/2", "noise", "target",
    ];

    private static void AddCell(Table table, CellResult result)
    {
        var groups = result.Contenders[0].Typical.Groups.Count;
        for (var group = 0; group < groups; group++)
        {
            foreach (var contender in result.Contenders)
            {
                table.AddRow([.. Fields(result, contender, contender.Typical.Groups[group], groups > 1).Select(Markup.Escape)]);
            }
        }
    }

    private static IEnumerable<string> Fields(CellResult result, ContenderResult contender, GroupFigures group, bool manyGroups)
    {
        var typical = contender.Typical;
        var ratio = result.Ratio(contender.Name, result.Cell.Baseline, group.Name);
        return
        [
            result.Cell.Place,
            manyGroups ? $"{contender.Name} ({group.Name})" : contender.Name,
            $"{group.PerSecond:0}",
            $"{ratio:0.00}",
            $"{group.P50:0.00}",
            $"{group.P99:0.00}",
            $"{group.Maximum:0.0}",
            $"{typical.ClientMicroseconds:0.0}",
            $"{typical.ServerMicroseconds:0.0}",
            $"{typical.AllocatedBytes:0}",
            typical.Gen0 is null ? "" : $"{typical.Gen0:0}/{typical.Gen1:0}/{typical.Gen2:0}",
            $"{typical.ForeignCores:0.0}",
            string.Join("; ", [.. Expected(result, contender, group), .. Beside(typical, group)]),
        ];
    }

    private static IEnumerable<string> Beside(Round typical, GroupFigures group) =>
        group == typical.Groups[0] ? typical.Beside.Select(figure => $"{figure.Key}: {figure.Value:0}") : [];

    private static IEnumerable<string> Expected(CellResult result, ContenderResult contender, GroupFigures group) =>
        contender.Name == Target.Contender ? result.Cell.Targets(result, group).Select(target => target.ToString()) : [];
}
