using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Spectre.Console;

namespace Broker.Bench.Reporting;

/// <summary>One table per workload: a row per cell, group of callers and contender, against Npgsql's pool.</summary>
internal static class ScreenTable
{
    private static readonly string[] Columns =
        ["callers/conn.", "who", "op/s", "x pool", "p50 ms", "p99 ms", "max ms", "client us/op", "server us/op", "B/op", "GC 0/1/2", "noise", "target"];

    private const int WidthWithoutTerminal = 200;

    public static void Print(IReadOnlyList<CellResult> results)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = WidthWithoutTerminal;
        }

        foreach (var workload in results.GroupBy(result => result.Cell.Workload.Name))
        {
            var table = new Table().Title(workload.Key).AddColumns(Columns);
            foreach (var result in workload)
            {
                AddCell(table, result);
                table.AddEmptyRow();
            }

            AnsiConsole.Write(table);
        }
    }

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
        var ratio = result.Ratio(contender.Name, AllContenders.Baseline, group.Name);
        return
        [
            $"{result.Cell.Callers}/{result.Cell.Connections}",
            manyGroups ? $"{contender.Name} ({group.Name})" : contender.Name,
            $"{group.PerSecond:0}",
            $"{ratio:0.00}",
            $"{group.P50:0.00}",
            $"{group.P99:0.00}",
            $"{group.Maximum:0.0}",
            $"{typical.ClientMicroseconds:0.0}",
            $"{typical.ServerMicroseconds:0.0}",
            $"{typical.AllocatedBytes:0}",
            $"{typical.Gen0:0}/{typical.Gen1:0}/{typical.Gen2:0}",
            $"{typical.ForeignCores:0.0}",
            string.Join("; ", [.. Expected(result, contender, group), .. Beside(typical, group)]),
        ];
    }

    private static IEnumerable<string> Beside(Round typical, GroupFigures group) =>
        group == typical.Groups[0] ? typical.Beside.Select(figure => $"{figure.Key}: {figure.Value:0}") : [];

    private static IEnumerable<string> Expected(CellResult result, ContenderResult contender, GroupFigures group) =>
        contender.Name == Targets.Contender ? Targets.For(result, group).Select(target => target.ToString()) : [];
}
