using Broker.Bench.Measuring;

namespace Broker.Bench.Reporting;

/// <summary>What a run ends with: tables on the screen and a file of everything.</summary>
internal static class Report
{
    /// <inheritdoc cref="ResultFile.Write"/>
    public static void Write(string bench, Machine machine, int rounds, TimeSpan roundTime, IReadOnlyList<CellResult> results)
    {
        ScreenTable.Print(results);
        Console.WriteLine(Path.GetRelativePath(Environment.CurrentDirectory, ResultFile.Write(bench, machine, rounds, roundTime, results)));
    }
}
