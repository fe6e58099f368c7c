using Broker.Bench.Gateways;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Npgsql;

namespace Broker.Bench;

/// <summary>Clients of PostgreSQL through the broker, through PgBouncer and directly, side by side.</summary>
internal static class GatewayBench
{
    public static async Task RunAsync(GatewayOptions options)
    {
        await using var own = await BenchServer.StartAsync(null, GatewayServer.Settings(options));
        await using var side = NpgsqlDataSource.Create(own.ConnectionString);
        var machine = await Machine.DescribeAsync(side);
        Console.WriteLine(machine);
        await using var server = await GatewayServer.LoadAsync(own.ConnectionString, options.Scale);
        var poolers = await Poolers.StartAllAsync(server.Address, options);
        var results = new List<CellResult>();
        try
        {
            foreach (var cell in GatewayCell.Matrix(options))
            {
                results.Add(await cell.RunAsync(options, server, poolers));
                Console.WriteLine(results[^1]);
            }
        }
        finally
        {
            foreach (var pooler in poolers)
            {
                await pooler.DisposeAsync();
            }
        }

        GatewayTable.Print(results);
        Console.WriteLine(Path.GetRelativePath(Environment.CurrentDirectory,
            ResultFile.Write("gateway", machine, options.Rounds, options.RoundTime, results)));
    }
}
