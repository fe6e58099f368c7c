using System.Globalization;
using Broker.Bench.Gateways;
using Npgsql;

namespace Broker.Bench.Remotes;

/// <summary>brokerd as a process of its own, with a gateway and a remote door, before a server that gives it so many connections.</summary>
internal sealed class RemoteDaemon : IAsyncDisposable
{
    public const string Password = "bench";

    private readonly Daemon _daemon;

    private RemoteDaemon(Daemon daemon, string gateway, string door) => (_daemon, Gateway, Door) = (daemon, gateway, door);

    /// <summary>Connection string of the gateway.</summary>
    public string Gateway { get; }

    /// <summary>Address of the remote door.</summary>
    public string Door { get; }

    public static async Task<RemoteDaemon> StartAsync(string connectionString, int connections)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var (gateway, door) = (new ServerAddress(Daemon.FreePort()), Daemon.FreePort());
        var settings = Settings(target, connections, gateway.Port, door);
        var daemon = Daemon.Start("remote", settings, static file => ("dotnet", [BrokerDaemon.Program, "serve", "--config", file]));
        var through =
            new NpgsqlConnectionStringBuilder(connectionString) { Host = ServerAddress.Host, Port = gateway.Port, Password = Password };
        await WaitAsync(through.ConnectionString);
        return new RemoteDaemon(daemon, through.ConnectionString, $"akka.tcp://broker@{ServerAddress.Host}:{door}");
    }

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    private static string Settings(NpgsqlConnectionStringBuilder target, int connections, int gateway, int door) => string.Create(CultureInfo.InvariantCulture, $$"""
        broker {
          servers.main { host = "{{target.Host}}", port = {{target.Port}}, tls = disable, max-connections = {{connections}}, reserve = 0 }
          databases.{{target.Database}} { server = main, database = "{{target.Database}}", user = "{{target.Username}}", password = "{{Password}}" }
          pool { size = {{connections}}, overflow = 0 }
          gateway { listen = ["tcp://{{ServerAddress.Host}}:{{gateway}}"], auth = trust, mode = transaction }
          door { listen = "tcp://{{ServerAddress.Host}}:{{door}}" }
        }
        """);

    private static async Task WaitAsync(string connectionString)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
                await connection.OpenAsync(limit.Token);
                return;
            }
            catch (NpgsqlException) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(50, limit.Token);
            }
        }
    }
}
