using Broker.Client.Protocol.Values;

namespace Broker.Bench.Contenders;

/// <summary>The embedded broker with its defaults: it finds fill and width itself.</summary>
internal sealed class EmbeddedBroker : IContender
{
    private BenchBroker? _broker;

    public string Name => "broker";

    public Task StartAsync(string connectionString, int maximumConnections)
    {
        _broker = BenchBroker.Start(connectionString, maximumConnections);
        return Task.CompletedTask;
    }

    public async ValueTask RunAsync(Operation operation)
    {
        var client = _broker?.Client ?? throw new InvalidOperationException($"{Name} was not started.");
        var statement = StatementOf(operation);
        if (operation.Statement.ReturnsRow)
        {
            _ = await client.QuerySingleAsync<int>(BenchBroker.Database, statement);
        }
        else
        {
            await client.ExecuteAsync(BenchBroker.Database, statement);
        }
    }

    public ValueTask DisposeAsync() => _broker?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>An operation as the broker's client takes it.</summary>
    public static Client.Protocol.Values.Statement StatementOf(Operation operation) =>
        new(operation.Statement.Text, operation.Statement.Parameters switch
    {
        0 => [],
        1 => [new Parameter<int>(operation.First)],
        _ => [new Parameter<int>(operation.First), new Parameter<int>(operation.Second)],
    });
}
