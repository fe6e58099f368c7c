using Akka.Actor;
using Akka.Hosting;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Hosting;
using Broker.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>`pool.fail-fast`: whether a broker starts whose first connection cannot be opened.</summary>
public sealed class FailFastTests
{
    [Fact]
    public async Task A_host_does_not_start_when_the_first_connection_cannot_be_opened()
    {
        using var host = await HostAsync("nowhere", "on");
        var refused = await Assert.ThrowsAsync<BrokerException>(() => host.StartAsync());
        Assert.Equal("3D000", Assert.IsType<LoginRefused>(refused.Failure).SqlState);
    }

    [Fact]
    public async Task Without_it_the_host_starts_and_callers_are_told()
    {
        using var host = await HostAsync("nowhere", "off");
        await host.StartAsync();
        var refused = await Assert.ThrowsAsync<BrokerException>(() => host.Services.GetRequiredService<BrokerClient>()
            .ExecuteAsync("orders", $"select 1").AsTask());
        Assert.IsType<LoginRefused>(refused.Failure);
        await host.StopAsync();
    }

    [Fact]
    public async Task With_it_a_host_that_has_started_has_a_connection()
    {
        using var host = await HostAsync("postgres", "on");
        await host.StartAsync();
        Assert.Equal(1, (await host.Services.GetRequiredService<BrokerClient>().GetStatusAsync("orders")).Idle);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_server_that_is_down_is_told_at_the_first_attempt_also_without_a_host()
    {
        using var system = ActorSystem.Create("embedded", "akka { loglevel = OFF, stdout-loglevel = OFF }");
        var settings = BrokerSettings.Parse(
            "broker { databases.orders { connection-string = \"Host=127.0.0.1;Port=1;Database=x;Username=x\" }\npool.fail-fast = on\n}");
        var refused = await Assert.ThrowsAsync<BrokerException>(() => system.StartBrokerAsync(settings));
        Assert.IsType<ServerUnavailable>(refused.Failure);
        await system.Terminate();
    }

    private static async Task<IHost> HostAsync(string database, string failFast)
    {
        var target = new NpgsqlConnectionStringBuilder(await SharedPostgres.ConnectionStringAsync()) { Database = database };
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddLogging();
        builder.Services.AddAkka("starting", akka => akka.ConfigureLoggers(loggers => loggers.ClearLoggers()).WithBroker(broker =>
            broker.Hocon($"broker {{ databases.orders {{ connection-string = \"{target.ConnectionString}\" }}\npool.fail-fast = {failFast}\n}}")));
        builder.Services.AddBrokerClient();
        return builder.Build();
    }
}
