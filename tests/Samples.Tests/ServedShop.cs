using Akka.Actor;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Postgres;

namespace Broker.Samples.Tests;

/// <summary>A broker with a door, before a database that it calls `shop`.</summary>
internal sealed class ServedShop : IAsyncDisposable
{
    internal const string User = "ann";
    internal const string Password = "secret";

    private readonly ActorSystem _system;
    private readonly string _users;

    private ServedShop(ActorSystem system, string users, string address) => (_system, _users, Address) = (system, users, address);

    /// <summary>Where the door is.</summary>
    internal string Address { get; }

    internal static async Task<ServedShop> StartAsync(string database)
    {
        var (users, port) = (Path.GetTempFileName(), LoopbackPort.Free());
        await File.WriteAllTextAsync(users, $"\"{User}\" \"{Password}\"");
        var system = ActorSystem.Create("served-shop", "akka { loglevel = OFF, stdout-loglevel = OFF }");
        await system.StartBrokerAsync(BrokerSettings.Parse($$"""
            broker {
              databases.shop { connection-string = "{{database}}" }
              gateway.auth-file = "{{users}}"
              door.listen = "tcp://127.0.0.1:{{port}}"
            }
            """));
        return new(system, users, $"akka.tcp://broker@127.0.0.1:{port}");
    }

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        File.Delete(_users);
    }
}
