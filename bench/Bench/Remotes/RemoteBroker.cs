using Broker.Bench.Contenders;
using Broker.Client;
using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Bench.Remotes;

/// <summary>The client library before a brokerd, over Akka.Remote.</summary>
internal sealed class RemoteBroker(string address) : IContender
{
    public const string ContenderName = Reporting.Target.Contender;

    private BrokerClient? _client;
    private string _database = "";

    public string Name => ContenderName;

    public async Task StartAsync(string connectionString, int maximumConnections)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        _database = target.Database!;
        _client = await BrokerClient.ConnectAsync(address, new() { User = target.Username!, Password = RemoteDaemon.Password });
    }

    public async ValueTask RunAsync(Operation operation)
    {
        var client = _client ?? throw new InvalidOperationException($"{Name} was not started.");
        var statement = EmbeddedBroker.StatementOf(operation);
        if (operation.Statement.ReturnsRow)
        {
            _ = await client.QuerySingleAsync<int>(_database, statement);
        }
        else
        {
            await client.ExecuteAsync(_database, statement);
        }
    }

    /// <summary>Streams rows of three columns; how many.</summary>
    public async Task<long> StreamAsync(int rows)
    {
        var count = 0L;
        await foreach (var _
            in _client!.StreamAsync<(int, int, string)>(_database,
                new Client.Protocol.Values.Statement(RemoteWire.Rows, [new Parameter<int>(rows)])))
        {
            count++;
        }

        return count;
    }

    public ValueTask DisposeAsync() => _client?.DisposeAsync() ?? ValueTask.CompletedTask;
}
