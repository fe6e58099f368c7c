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
    public void A_default_that_is_written_out_is_no_change() =>
        Assert.Empty(SettingsChanges.Between(Started, Settings("pool { size = 5 }")));

    [Fact]
    public void Names_with_dots_in_them_are_no_stumbling_block()
    {
        var odd = Settings("databases.\"orders.pool\" { user = app, settings { size = 1 } }\ndatabases.orders.pool { size = 1 }");

        Assert.Contains("broker.databases.orders.pool.size", SettingsChanges.Between(Started, odd));
    }

    [Fact]
    public async Task What_is_not_taken_needs_a_restart_until_it_is_as_it_was()
    {
        using var host = await StartAsync();
        var system = host.Services.GetRequiredService<ActorSystem>();

        var reloaded = await system.ReloadBrokerAsync(Settings("packing.width = 7, gateway.auth = trust"));
        Assert.Empty(reloaded.Taken);
        Assert.Equal("broker.gateway.auth, broker.packing.width", Joined(reloaded.NeedRestart));

        Assert.Equal("broker.packing.width", Joined((await system.ReloadBrokerAsync(Settings("packing.width = 7"))).NeedRestart));
        Assert.Empty((await system.ReloadBrokerAsync(Started)).NeedRestart);
        await host.StopAsync();
    }

    [Fact]
    public void A_gateway_takes_users_rules_and_certificates_and_is_told_once_of_each()
    {
        var changed = Settings("gateway.auth = trust, gateway.max-clients = 7");

        var (next, first) = SettingsInForce.At(Started).Take(changed, hasGateway: true);
        var (_, again) = next.Take(changed, hasGateway: true);

        Assert.Equal("broker.gateway.auth", Joined(first.Taken));
        Assert.Equal("broker.gateway.max-clients", Joined(first.NeedRestart));
        Assert.Empty(again.Taken);
        Assert.Equal("broker.gateway.max-clients", Joined(again.NeedRestart));
    }

    [Fact]
    public void Pools_databases_and_servers_are_taken_with_or_without_a_gateway()
    {
        var changed = Settings("pool.size = 7, databases.orders.pool.min-idle = 2, servers.main.max-connections = 9, databases.more { user = app, packing.width = 3 }");

        var (next, reloaded) = SettingsInForce.At(Started).Take(changed, hasGateway: false);

        Assert.Equal(
            "broker.databases.more.packing.width, broker.databases.more.user, broker.databases.orders.pool.min-idle, broker.pool.size, broker.servers.main.max-connections",
            Joined(reloaded.Taken));
        Assert.Empty(reloaded.NeedRestart);
        Assert.Equal((7, 2), (next.Settings.Pool("orders").Size, next.Settings.Pool("orders").MinIdle));
        Assert.Equal(9, next.Settings.Servers["main"].MaxConnections);
        Assert.Equal(3, next.Settings.Databases["more"].Packing.Width);
    }

    [Fact]
    public void How_errands_run_is_kept_for_as_long_as_the_broker_runs_where_a_database_was_seen_before()
    {
        var more = Settings("databases.more { user = app, packing.width = 3 }");
        var changed = Settings("packing.width = 5, sessions.idle-limit = 7s, databases.more { user = app, packing.width = 4 }");

        var (with, _) = SettingsInForce.At(Started).Take(more, hasGateway: false);
        var (without, gone) = with.Take(Started, hasGateway: false);
        var (again, reloaded) = without.Take(changed, hasGateway: false);

        Assert.Equal(("broker.databases.more.user", ""), (Joined(gone.Taken), Joined(gone.NeedRestart)));
        Assert.Equal("broker.databases.more.user", Joined(reloaded.Taken));
        Assert.Equal("broker.databases.more.packing.width, broker.packing.width, broker.sessions.idle-limit", Joined(reloaded.NeedRestart));
        Assert.Equal(3, again.Settings.Databases["more"].Packing.Width);
        Assert.Equal(Started.Sessions, again.Settings.Sessions);
        Assert.Equal(Started.Databases["orders"].Packing, again.Settings.Databases["orders"].Packing);
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
        builder.Services.AddAkka("reload",
            akka => akka.ConfigureLoggers(loggers => loggers.ClearLoggers()).WithBroker(broker => broker.Use(Started)));
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
