using System.Diagnostics;

namespace Broker.Bench.Gateways;

/// <summary>brokerd as a process of its own, with the smallest configuration that serves.</summary>
internal sealed class BrokerDaemon : IPooler
{
    public const string PoolerName = Reporting.Target.Contender;

    private readonly Daemon _daemon;

    private BrokerDaemon(Daemon daemon, ServerAddress address) => (_daemon, Address) = (daemon, address);

    public string Name => PoolerName;

    public ServerAddress Address { get; }

    public Process Process => _daemon.Process;

    /// <summary>Beside this project's output: the same configuration, the same framework.</summary>
    public static string Program => Path.Combine(
        AppContext.BaseDirectory.Replace($"bench{Path.DirectorySeparatorChar}Bench", $"src{Path.DirectorySeparatorChar}Host",
            StringComparison.Ordinal),
        "brokerd.dll");

    public static async Task<BrokerDaemon> StartAsync(ServerAddress server, GatewayOptions options)
    {
        var address = new ServerAddress(Daemon.FreePort());
        var daemon = Daemon.Start(PoolerName, Settings(server, address, options),
            static file => ("dotnet", [Program, "serve", "--config", file]));
        await daemon.WaitForClientsAsync(address);
        return new BrokerDaemon(daemon, address);
    }

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    private static string Settings(ServerAddress server, ServerAddress address, GatewayOptions options) => $$"""
        broker {
          servers.main { host = "{{ServerAddress.Host}}", port = {{server.Port}}, max-connections = 80 }
          databases.{{ServerAddress.Database}} { server = main, database = {{ServerAddress.Database}}, user = {{ServerAddress.User}} }
          pool { size = {{options.Pool}}, overflow = 0 }
          gateway { listen = ["tcp://{{ServerAddress.Host}}:{{address.Port}}"], auth = trust, mode = transaction }
        }
        """;
}
