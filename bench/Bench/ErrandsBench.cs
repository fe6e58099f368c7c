using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Broker.Bench.Workloads;
using Npgsql;

namespace Broker.Bench;

/// <summary>Single autocommit statements of many callers over few connections, by every contender, side by side.</summary>
internal static class ErrandsBench
{
    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var server = await BenchServer.StartAsync(options.Server);
        await using var side = NpgsqlDataSource.Create(server.ConnectionString);
        var machine = await Machine.DescribeAsync(side);
        Console.WriteLine(machine);
        await Schema.LoadAsync(side, options.Scale);
        Operations.Accounts = options.Scale * Schema.AccountsPerBranch;

        if (options.Profile)
        {
            await ProfileAsync(Cell.Matrix(options)[0], options, server.ConnectionString);
            return 0;
        }

        var results = await RunCellsAsync(options, server.ConnectionString, side);
        ScreenTable.Print(results);
        Console.WriteLine(Path.GetRelativePath(Environment.CurrentDirectory, ResultFile.Write(machine, options, results, TimeProvider.System.GetUtcNow())));
        return 0;
    }

    private static async Task<IReadOnlyList<CellResult>> RunCellsAsync(BenchOptions options, string connectionString, NpgsqlDataSource side)
    {
        var runner = new RoundRunner(side, await ServerProcesses.FindAsync(side));
        var results = new List<CellResult>();
        foreach (var cell in Cell.Matrix(options))
        {
            await Schema.ClearEntriesAsync(side);
            results.Add(await cell.RunAsync(options, connectionString, runner));
            Console.WriteLine($"{cell}: {Summary(results[^1])}");
        }

        return results;
    }

    private static string Summary(CellResult result) =>
        string.Join(", ", result.Contenders.Select(contender => $"{contender.Name} {contender.Typical.PerSecond:0}/s"));

    /// <summary>One contender in one cell with nothing else going on, for a profiler to look at.</summary>
    private static async Task ProfileAsync(Cell cell, BenchOptions options, string connectionString)
    {
        foreach (var contender in await AllContenders.StartAsync([options.Contenders[^1]], connectionString, cell.Connections))
        {
            await using (contender)
            {
                Console.WriteLine($"{contender.Name}: {cell} for {options.RoundTime.TotalSeconds} s in process {Environment.ProcessId}");
                await RoundRunner.WarmUpAsync(contender, cell.Workload, cell.Callers, options.RoundTime);
            }
        }
    }
}
