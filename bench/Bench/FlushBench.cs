using Broker.Bench.Flushing;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Npgsql;

namespace Broker.Bench;

/// <summary>Units of work that are flushed and committed: many rows by one session, one row by many sessions.</summary>
internal static class FlushBench
{
    public static async Task RunAsync(FlushOptions options)
    {
        options = await WithoutMissingAsync(options);
        await using var server = await BenchServer.StartAsync(options.Server);
        await using var side = NpgsqlDataSource.Create(server.ConnectionString);
        var machine = await Machine.DescribeAsync(side);
        Console.WriteLine(machine);
        await FlushSchema.CreateAsync(side);

        var runner = new RoundRunner(side, await ServerProcesses.FindAsync(side));
        var results = new List<CellResult>();
        foreach (var cell in FlushCell.Matrix(options))
        {
            results.Add(await cell.RunAsync(options, server.ConnectionString, side, runner));
            Console.WriteLine(results[^1]);
        }

        Report.Write("flush", machine, options.Rounds, options.RoundTime, results);
    }

    private static async Task<FlushOptions> WithoutMissingAsync(FlushOptions options)
    {
        if (!options.Contenders.Contains(SqlAlchemy.ContenderName) || await SqlAlchemy.MissingAsync() is not { } missing)
        {
            return options;
        }

        Console.WriteLine($"{SqlAlchemy.ContenderName} takes no part: {missing}.");
        return options with { Contenders = [.. options.Contenders.Where(name => name != SqlAlchemy.ContenderName)] };
    }
}
