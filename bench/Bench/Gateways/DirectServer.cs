using System.Diagnostics;

namespace Broker.Bench.Gateways;

/// <summary>No pooler: a server process for each client.</summary>
internal sealed class DirectServer(ServerAddress server) : IPooler
{
    public const string PoolerName = "postgres";

    public string Name => PoolerName;

    public ServerAddress Address => server;

    public Process? Process => null;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
