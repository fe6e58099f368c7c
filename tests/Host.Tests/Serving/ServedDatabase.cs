using System.Diagnostics;
using Broker.Client;
using Broker.Client.Remote;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Host.Tests.Serving;

/// <summary>
/// A database, and a brokerd before it with a gateway and a door, that can be killed and started again at the same places. Two names of the
/// broker's lead to the database: `shop` and `stock`, each with a pool of its own.
/// </summary>
internal sealed class ServedDatabase : IAsyncDisposable
{
    // As long as a brokerd may take to start: clients wait for one that comes again.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("brokerd-served-");
    private readonly List<BrokerClient> _clients = [];
    private readonly (int Gateway, int Door) _ports = (LoopbackPort.Free(), LoopbackPort.Free());
    private Brokerd? _brokerd;

    private ServedDatabase(string server) =>
        Server = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(server) { MaxPoolSize = 1 }.ConnectionString);

    /// <summary>The server, without the broker: one connection.</summary>
    internal NpgsqlDataSource Server { get; }

    /// <summary>Where the door is.</summary>
    internal string Address => $"akka.tcp://broker@127.0.0.1:{_ports.Door}";

    /// <summary>As whom, and how.</summary>
    internal static RemoteOptions Options => new() { User = "ann", Password = "secret", LossLimit = Limit };

    /// <summary>The brokerd that runs.</summary>
    internal Brokerd Brokerd => _brokerd!;

    /// <summary>Creates the database and starts a brokerd.</summary>
    /// <param name="server">More of the server's settings.</param>
    /// <param name="broker">More of the broker's.</param>
    internal static async Task<ServedDatabase> StartAsync(string server = "max-connections = 10", string broker = "")
    {
        var to = await SharedPostgres.CreateDatabaseAsync();
        var served = new ServedDatabase(to);
        await served.WriteAsync(new(to), server, broker);
        await served.StartAgainAsync();
        return served;
    }

    /// <summary>Starts a brokerd in place of the one that ended.</summary>
    internal async Task StartAgainAsync()
    {
        _brokerd?.Dispose();
        _brokerd = Brokerd.Start("serve", "--config", File);
        await _brokerd.SaysAsync("brokerd is ready");
    }

    /// <summary>Ends it as a crash would.</summary>
    internal async Task KillAsync()
    {
        await Brokerd.SignalAsync("KILL");
        await Brokerd.EndAsync();
    }

    /// <summary>A program that comes in through the door. It is closed with this.</summary>
    internal async Task<BrokerClient> ConnectAsync()
    {
        var client = await BrokerClient.ConnectAsync(Address, Options);
        _clients.Add(client);
        return client;
    }

    /// <summary>A client of PostgreSQL that comes in through the gateway.</summary>
    internal async Task<NpgsqlConnection> OpenAsync(string database)
    {
        var connection =
            new NpgsqlConnection(
                $"Host=127.0.0.1;Port={_ports.Gateway};Username=ann;Password=secret;Database={database};Pooling=false;Timeout=60");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Asks the server itself.</summary>
    internal async Task<T> AskAsync<T>(string text)
    {
        await using var command = Server.CreateCommand(text);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Has the server itself do something.</summary>
    internal async Task DoAsync(string text)
    {
        await using var command = Server.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until something is so.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Limit, "It did not come true in time.");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }
        _brokerd?.Dispose();
        await Server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private string File => Path.Combine(_folder.FullName, "brokerd.conf");

    private async Task WriteAsync(NpgsqlConnectionStringBuilder to, string server, string broker)
    {
        var users = Path.Combine(_folder.FullName, "users.txt");
        await System.IO.File.WriteAllTextAsync(users, "\"ann\" \"secret\"");
        var password = to.Password is null ? "" : $", password = \"{to.Password}\"";
        await System.IO.File.WriteAllTextAsync(File, $$"""
            broker {
              servers.main { host = "{{to.Host}}", port = {{to.Port}}, {{server}} }
              database-defaults { server = main, database = "{{to.Database}}", user = "{{to.Username}}"{{password}} }
              databases.shop { }
              databases.stock { }
              pool { size = 4, overflow = 0 }
              gateway { listen = ["tcp://127.0.0.1:{{_ports.Gateway}}"], auth = scram-sha-256, auth-file = "{{users}}" }
              door { listen = "tcp://127.0.0.1:{{_ports.Door}}", heartbeat = 200ms }
              {{broker}}
            }
            """);
    }
}
