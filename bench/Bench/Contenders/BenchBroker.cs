using System.Globalization;
using Akka.Actor;
using Broker.Client;
using Broker.Configuration;
using Broker.Hosting;
using Npgsql;

namespace Broker.Bench.Contenders;

/// <summary>
/// A broker in this process with its defaults; its pool may open so many connections as the others', without overflow or reserve.
/// </summary>
internal sealed class BenchBroker : IAsyncDisposable
{
    /// <summary>The database's name in its settings.</summary>
    public const string Database = "bench";

    private readonly ActorSystem _system;

    private BenchBroker(ActorSystem system, BrokerClient client) => (_system, Client) = (system, client);

    public BrokerClient Client { get; }

    public static BenchBroker Start(string connectionString, int maximumConnections)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var size = maximumConnections.ToString(CultureInfo.InvariantCulture);
        var settings = BrokerSettings.Parse($$"""
            broker {
              servers.main { host = "{{target.Host}}", port = {{target.Port}}, tls = disable, max-connections = {{size}}, reserve = 0 }
              databases.{{Database}} { server = main, database = "{{target.Database}}", user = "{{target.Username}}" }
              pool { size = {{size}}, overflow = 0 }
            }
            """);
        var system = ActorSystem.Create("bench", "akka { loglevel = WARNING, stdout-loglevel = OFF }");
        return new BenchBroker(system, system.StartBroker(settings));
    }

    public async ValueTask DisposeAsync() =>
        await CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
}
