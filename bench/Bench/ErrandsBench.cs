using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Broker.Bench.Workloads;
using Npgsql;

namespace Broker.Bench;

/// <summary>Single autocommit statements of many callers over few connections, by every contender, side by side.</summary>
internal static class ErrandsBench
{
    public static async Task RunAsync(ErrandsOptions options)
    {
        await using var server = await BenchServer.StartAsync(options.Server);
        await using var side = NpgsqlDataSource.Create(server.ConnectionString);
        var machine = await Machine.DescribeAsync(side);
        Console.WriteLine(machine);
        await Schema.LoadAsync(side, options.Scale);
        Operations.Accounts = options.Scale * Schema.AccountsPerBranch;

        if (options.Profile)
        {
            await ProfileAsync(ErrandsCell.Matrix(options)[0], options, server.ConnectionString);
            return;
        }

        var results = await RunCellsAsync(options, server.ConnectionString, side);
        Report.Write("errands", machine, options.Rounds, options.RoundTime, results);
    }

    private static async Task<IReadOnlyList<CellResult>> RunCellsAsync(
        ErrandsOptions options, string connectionString, NpgsqlDataSource side)
    {
        var runner = new RoundRunner(side, await ServerProcesses.FindAsync(side));
        var results = new List<CellResult>();
        foreach (var cell in ErrandsCell.Matrix(options))
        {
            await Schema.ClearEntriesAsync(side);
            results.Add(await cell.RunAsync(options, connectionString, runner));
            Console.WriteLine(results[^1]);
        }

        return results;
    }

    /// <summary>One contender in one cell with nothing else going on, for a profiler to look at.</summary>
    private static async Task ProfileAsync(ErrandsCell cell, ErrandsOptions options, string connectionString)
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
