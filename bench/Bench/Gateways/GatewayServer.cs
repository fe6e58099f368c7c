using Broker.Bench.Measuring;
using Npgsql;

namespace Broker.Bench.Gateways;

/// <summary>The server behind all contenders, with pgbench's tables in a database of its own.</summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private readonly NpgsqlDataSource _side;

    private GatewayServer(ServerAddress address, NpgsqlDataSource side, ServerProcesses processes) =>
        (Address, _side, Processes) = (address, side, processes);

    public ServerAddress Address { get; }

    /// <summary>Where its processor time is read.</summary>
    public ServerProcesses Processes { get; }

    /// <summary>
    /// The server's own settings: memory for the tables, a process for each client of the largest cell, and nothing that begins by itself.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Settings(GatewayOptions options) => new Dictionary<string, string>
    {
        ["shared_buffers"] = "2GB",
        ["max_connections"] = $"{options.Clients.Max() + 200}",
        ["autovacuum"] = "off",
    };

    public static async Task<GatewayServer> LoadAsync(string connectionString, int scale)
    {
        var postgres = new NpgsqlConnectionStringBuilder(connectionString);
        var address = new ServerAddress(postgres.Port);
        await using (var first = NpgsqlDataSource.Create(connectionString))
        await using (var create = first.CreateCommand($"create database {ServerAddress.Database}"))
        {
            await create.ExecuteNonQueryAsync();
        }

        await Pgbench.LoadAsync(address, scale);
        postgres.Database = ServerAddress.Database;
        postgres.CommandTimeout = 0;
        var side = NpgsqlDataSource.Create(postgres.ConnectionString);
        return new GatewayServer(address, side, await ServerProcesses.FindAsync(side));
    }

    /// <summary>Before a cell: nothing is left to write.</summary>
    public Task CleanAsync() => RunAsync("checkpoint");

    /// <summary>
    /// Before a round of TPC-B, what pgbench itself does by default: the small tables are small again, the history is empty.
    /// </summary>
    public async Task VacuumAsync()
    {
        await RunAsync("vacuum pgbench_branches");
        await RunAsync("vacuum pgbench_tellers");
        await RunAsync("truncate pgbench_history");
    }

    public ValueTask DisposeAsync() => _side.DisposeAsync();

    private async Task RunAsync(string statement)
    {
        await using var command = _side.CreateCommand(statement);
        await command.ExecuteNonQueryAsync();
    }
}
