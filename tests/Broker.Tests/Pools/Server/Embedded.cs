using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol.Messages;
using Broker.Hosting;
using Broker.Leases;
using Broker.Pools.Hooks;
using Broker.Tests.Hosting;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>A broker embedded in this process, with one database on a real server.</summary>
internal sealed class Embedded : IAsyncDisposable
{
    private readonly ActorSystem _system;

    private Embedded(ActorSystem system, BrokerClient home, BrokerClient client) => (_system, Home, Client) = (system, home, client);

    /// <summary>As the tests' callers have it.</summary>
    internal BrokerClient Client { get; }

    /// <summary>A client in the broker's own process.</summary>
    internal BrokerClient Home { get; }

    internal ActorSystem System => _system;

    /// <summary>The actor of the pool, as an actor that borrows knows it.</summary>
    internal async Task<IActorRef> PoolAsync() => (await Home.Sender.Pools.FindAsync("orders", null)).Supervisor;

    internal static Embedded Start(string connectionString, string pool = "", PoolHooks? hooks = null, string more = "") =>
        StartWith($"broker.databases.orders {{ connection-string = \"{connectionString}\" }}\nbroker.pool {{\n{pool}\n}}\n{more}", hooks);

    internal static Embedded StartWith(string hocon, PoolHooks? hooks = null)
    {
        var settings = WayIn.Settings(hocon);
        var system = ActorSystem.Create("embedded",
            WayIn.System + "akka.loglevel = ERROR\nakka.stdout-loglevel = OFF\nakka.log-dead-letters = off");
        var byDatabase = ImmutableDictionary.Create<string, PoolHooks>();
        var home = system.StartBroker(settings, hooks is null ? byDatabase : byDatabase.Add("orders", hooks));
        return new(system, home, WayIn.Client(home, settings));
    }

    internal ValueTask<Lease> LeaseAsync(TimeSpan? wait = null, string purpose = "") =>
        Home.LeaseAsync("orders", new LeaseOptions { Wait = wait, Purpose = purpose });

    internal ValueTask<PoolStatus> StatusAsync() => Client.GetStatusAsync("orders");

    /// <summary>Waits until the pool is so. What tests wait for here happens on its own; only the moment is not theirs.</summary>
    internal async Task<PoolStatus> UntilAsync(Func<PoolStatus, bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var status = await StatusAsync();
            if (isSo(status))
            {
                return status;
            }

            Assert.False(limit.IsCancellationRequested, $"it never came to it: {status}");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _system.Terminate();
    }
}

internal static class Statements
{
    internal static async Task<object?> ScalarAsync(this Lease lease, string text)
    {
        await using var command = new NpgsqlCommand(text, lease.Connection);
        return await command.ExecuteScalarAsync();
    }
}
