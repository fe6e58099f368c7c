using System.Globalization;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Hosting;
using Npgsql;

namespace Broker.Bench.Contenders;

/// <summary>The embedded broker with its defaults: it finds fill and width itself. Its pool may open as many connections as the others'.</summary>
internal sealed class EmbeddedBroker : IContender
{
    private const string Database = "bench";

    private ActorSystem? _system;
    private BrokerClient? _client;

    public string Name => "broker";

    public Task StartAsync(string connectionString, int maximumConnections)
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
        _system = ActorSystem.Create("bench", "akka { loglevel = WARNING, stdout-loglevel = OFF }");
        _client = _system.StartBroker(settings);
        return Task.CompletedTask;
    }

    public async ValueTask RunAsync(Operation operation)
    {
        var client = _client ?? throw new InvalidOperationException($"{Name} was not started.");
        var statement = StatementOf(operation);
        if (operation.Statement.ReturnsRow)
        {
            _ = await client.QuerySingleAsync<int>(Database, statement);
        }
        else
        {
            await client.ExecuteAsync(Database, statement);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
        {
            await CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
        }
    }

    private static Client.Protocol.Values.Statement StatementOf(Operation operation) => new(operation.Statement.Text, operation.Statement.Parameters switch
    {
        0 => [],
        1 => [new Parameter<int>(operation.First)],
        _ => [new Parameter<int>(operation.First), new Parameter<int>(operation.Second)],
    });
}
