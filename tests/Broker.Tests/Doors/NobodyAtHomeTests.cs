using Akka.Actor;
using Akka.Hosting;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>A broker in whose own process nobody has asked for a client, as in brokerd: callers come through its door only.</summary>
public sealed class NobodyAtHomeTests
{
    [Fact]
    public async Task A_request_that_reaches_nobody_is_answered()
    {
        var users = Path.GetTempFileName();
        await File.WriteAllTextAsync(users, "\"ann\" \"secret\"\n");
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddAkka("brokerd", akka => akka.ConfigureLoggers(static loggers => loggers.ClearLoggers())
            .WithBroker(broker => broker.Use(BrokerSettings.Parse($$"""
                broker.databases.orders { connection-string = "Host=127.0.0.1;Port=1;Username=nobody;Database=none" }
                broker.gateway.auth-file = "{{users}}"
                broker.door.listen = "tcp://127.0.0.1:{{LoopbackPort.Free()}}"
                broker.shutdown { drain-timeout = 100ms, close-timeout = 100ms }
                """))));
        using var host = builder.Build();
        await host.StartAsync();
        var system = host.Services.GetRequiredService<ActorSystem>();
        var supervisor = await system.ActorSelection("/user/broker").ResolveOne(TimeSpan.FromSeconds(20));
        await using var client = await BrokerClient.ConnectAsync((await BrokerHosting.DoorAsync(system, supervisor))!,
            new() { User = "ann", Password = "secret" });

        var pools = (LocalActorRef)await system.ActorSelection("/user/broker/pools").ResolveOne(TimeSpan.FromSeconds(20));
        pools.Suspend();
        var asking = client.GetStatusAsync("orders").AsTask();
        while (!pools.Underlying.HasMessages)
        {
            await Task.Delay(5);
        }
        system.Stop(pools);

        var refused = await Assert.ThrowsAsync<BrokerException>(() => asking.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.IsType<BrokerStopping>(refused.Failure);
        await host.StopAsync();
        File.Delete(users);
    }
}
