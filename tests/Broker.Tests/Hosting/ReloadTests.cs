using Akka.Actor;
using Akka.Hosting;
using Broker.Configuration;
using Broker.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Broker.Tests.Hosting;

public sealed class ReloadTests
{
    private static readonly BrokerSettings Started = Settings("");

    [Fact]
    public void What_is_otherwise_is_told_by_its_path_whether_changed_added_or_removed()
    {
        var before = Settings("pool.size = 7\ndatabases.orders.settings { a = 1 }\ngateway.hba = [\"local all all trust\"]");
        var after = Settings("pool.size = 8\ndatabases.orders.settings { b = 1 }\ngateway.hba = [\"local all all reject\"]");

        Assert.Equal(
            "broker.databases.orders.settings.a, broker.databases.orders.settings.b, broker.gateway.hba, broker.pool.size",
            Joined(SettingsChanges.Between(before, after)));
    }

    [Fact]
    public void A_default_that_is_written_out_is_no_change() => Assert.Empty(SettingsChanges.Between(Started, Settings("pool { size = 5 }")));

    [Fact]
    public void Names_with_dots_in_them_are_no_stumbling_block()
    {
        var odd = Settings("databases.\"orders.pool\" { user = app, settings { size = 1 } }\ndatabases.orders.pool { size = 1 }");

        Assert.Contains("broker.databases.orders.pool.size", SettingsChanges.Between(Started, odd));
    }

    [Fact]
    public async Task Without_a_gateway_all_that_is_otherwise_needs_a_restart_until_there_was_one()
    {
        using var host = await StartAsync();
        var system = host.Services.GetRequiredService<ActorSystem>();

        var reloaded = await system.ReloadBrokerAsync(Settings("pool.size = 7, gateway.auth = trust"));
        Assert.Empty(reloaded.Taken);
        Assert.Equal("broker.gateway.auth, broker.pool.size", Joined(reloaded.NeedRestart));

        Assert.Equal("broker.pool.size", Joined((await system.ReloadBrokerAsync(Settings("pool.size = 7"))).NeedRestart));
        Assert.Empty((await system.ReloadBrokerAsync(Started)).NeedRestart);
        await host.StopAsync();
    }

    [Fact]
    public void A_gateway_takes_users_rules_and_certificates_and_is_told_once_of_each()
    {
        var changed = Settings("gateway.auth = trust, pool.size = 7");

        var first = SettingsReloaded.Between(Started, Started, changed, hasGateway: true);
        var again = SettingsReloaded.Between(Started, changed, changed, hasGateway: true);

        Assert.Equal("broker.gateway.auth", Joined(first.Taken));
        Assert.Equal("broker.pool.size", Joined(first.NeedRestart));
        Assert.Empty(again.Taken);
        Assert.Equal("broker.pool.size", Joined(again.NeedRestart));
    }

    [Fact]
    public async Task A_system_without_a_broker_says_so()
    {
        using var system = ActorSystem.Create("bare", "akka.stdout-loglevel = OFF");

        await Assert.ThrowsAsync<InvalidOperationException>(() => system.ReloadBrokerAsync(Started));
        await system.Terminate();
    }

    private static async Task<IHost> StartAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddAkka("reload", akka => akka.ConfigureLoggers(loggers => loggers.ClearLoggers()).WithBroker(broker => broker.Use(Started)));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static string Joined(IEnumerable<string> paths) => string.Join(", ", paths);

    private static BrokerSettings Settings(string more) => BrokerSettings.Parse($$"""
        broker {
          servers.main { host = "127.0.0.1", port = 1 }
          databases.orders { user = app }
          {{more}}
        }
        """);
}
