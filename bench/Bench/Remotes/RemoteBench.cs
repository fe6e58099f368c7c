using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Broker.Bench.Workloads;
using Npgsql;

namespace Broker.Bench.Remotes;

/// <summary>
/// Single statements of callers in another process than the broker's: Npgsql's pool directly over TCP, the same through the gateway, and
/// the client library through the remote door. All with the same number of connections to the server.
/// </summary>
internal static class RemoteBench
{
    public static async Task RunAsync(RemoteBenchOptions options)
    {
        await using var server = await BenchServer.StartAsync(null);
        await using var side = NpgsqlDataSource.Create(server.ConnectionString);
        var machine = await Machine.DescribeAsync(side);
        Console.WriteLine(machine);
        await Schema.LoadAsync(side, options.Scale);
        Operations.Accounts = options.Scale * Schema.AccountsPerBranch;

        await using var gateway = await RemoteDaemon.StartAsync(server.TcpConnectionString, options.Connections);
        await using var door = await RemoteDaemon.StartAsync(server.TcpConnectionString, options.Connections);
        var results = await OneProcessAsync(options, server, side, gateway, door);
        if (options.Processes > 0)
        {
            results = [.. results, .. await ProcessesAsync(options, server, side, gateway, door)];
        }

        Report.Write("remote", machine, options.Rounds, options.RoundTime, results);
        await RemoteWire.PrintAsync(server.TcpConnectionString, door.Door);
    }

    private static async Task<IReadOnlyList<CellResult>> OneProcessAsync(
        RemoteBenchOptions options, BenchServer server, NpgsqlDataSource side, RemoteDaemon gateway, RemoteDaemon door)
    {
        IContender[] contenders = [new NpgsqlPool(), new NpgsqlThrough(gateway.Gateway, NpgsqlThrough.Gateway),
            new RemoteBroker(door.Door)];
        var runner = new RoundRunner(side, await ServerProcesses.FindAsync(side));
        var results = new List<CellResult>();
        try
        {
            foreach (var contender in contenders)
            {
                await contender.StartAsync(server.TcpConnectionString, options.Connections);
            }

            foreach (var cell in from workload in AllWorkloads.Named(options.Workloads) from callers
                in options.Callers select new RemoteCell(workload, callers, options.Connections))
            {
                await Schema.ClearEntriesAsync(side);
                results.Add(await cell.RunAsync(options, contenders, runner));
                Console.WriteLine(results[^1]);
            }
        }
        finally
        {
            foreach (var contender in contenders)
            {
                await contender.DisposeAsync();
            }
        }

        return results;
    }

    private static async Task<IReadOnlyList<CellResult>> ProcessesAsync(
        RemoteBenchOptions options, BenchServer server, NpgsqlDataSource side, RemoteDaemon gateway, RemoteDaemon door)
    {
        // What a server of so few connections leaves to each process's own pool.
        var each = $"{Math.Max(1, options.Connections / options.Processes)}";
        (string, string[])[] contenders =
        [
            (AllContenders.Baseline, [AllContenders.Baseline, "-", server.TcpConnectionString, each]),
            (NpgsqlThrough.Gateway, [NpgsqlThrough.Gateway, gateway.Gateway, server.TcpConnectionString, $"{options.ProcessCallers}"]),
            (RemoteBroker.ContenderName, [RemoteBroker.ContenderName, door.Door, server.TcpConnectionString, each]),
        ];
        var processes = await ServerProcesses.FindAsync(side);
        var results = new List<CellResult>();
        foreach (var workload in AllWorkloads.Named(options.Workloads))
        {
            await Schema.ClearEntriesAsync(side);
            var cell = new ProcessesCell(workload, options.Processes, options.ProcessCallers, options.Connections);
            results.Add(await cell.RunAsync(options, contenders, processes));
            Console.WriteLine(results[^1]);
        }

        return results;
    }
}
