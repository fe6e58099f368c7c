using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;
using Broker.Pools.Hooks;
using Broker.Postgres;
using Broker.Tests.Platforms;
using Npgsql;
using Xunit;

namespace Broker.Tests.Connections;

/// <summary>Ending a server process takes a connection, and every connection takes a permit.</summary>
public sealed class ProcessEnderSpecs : TestKit, IAsyncLifetime
{
    private static readonly PoolId Orders = new("orders", "postgres");

    private string _database = "";

    public ProcessEnderSpecs() : base(Patience.Hocon + "akka { loglevel = ERROR, stdout-loglevel = OFF, log-dead-letters = off }")
    {
    }

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_process_is_ended_under_a_permit_of_the_reserve_which_is_given_back()
    {
        var budget = CreateTestProbe();
        var connector = Connector(_database);
        var (victim, _) = await connector.ConnectAsync(Orders, CancellationToken.None);
        var ender = Sys.ActorOf(ProcessEnder.For(Plan(connector, budget), victim!.Backend!));
        Assert.True((await budget.ExpectMsgAsync<BudgetCommands.AskPermit>()).Reserve);
        await using (var alive = new NpgsqlCommand("select 1", victim.Own))
        {
            Assert.Equal(1, await alive.ExecuteScalarAsync());
        }
        Watch(ender);
        ender.Tell(new BudgetEvents.PermitGranted(new PermitId(7), Reserve: true));
        Assert.Equal(new PermitId(7), (await budget.ExpectMsgAsync<BudgetCommands.ReleasePermit>(TimeSpan.FromSeconds(30))).Permit);
        await ExpectTerminatedAsync(ender);
        await using var dead = new NpgsqlCommand("select 1", victim.Own);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => dead.ExecuteScalarAsync());
        await victim.DisposeAsync();
    }

    [Fact]
    public async Task An_attempt_to_connect_that_nobody_waits_for_any_more_says_nothing_about_its_host()
    {
        await using var silent = Pools.Server.FreezingProxy.For(_database);
        silent.Freeze();
        var target = new NpgsqlConnectionStringBuilder(silent.ConnectionString);
        var settings = SettingsOf($"[\"127.0.0.1:{target.Port}\", \"127.0.0.1:1\"]");
        var roles = new HostRoles(TimeSpan.FromMinutes(1), TimeProvider.System);
        var database = settings.Databases["orders"];
        var connector = new PhysicalConnector(settings.Servers["main"], roles, database, database.Users["postgres"], TimeProvider.System);
        using var given = new CancellationTokenSource();
        var connecting = connector.ConnectAsync(Orders, given.Token);
        await given.CancelAsync();
        await connecting;
        Assert.False(roles.RulesOut(settings.Servers["main"].Hosts[0], Broker.Configuration.TargetSessionAttributes.Any));
    }

    [Fact]
    public async Task A_setting_may_have_white_space_of_any_kind_in_it()
    {
        var (connection, failure) = await Connector(_database, "settings { \"app.note\" = \"two\\twords and \\\\ more\" }")
            .ConnectAsync(Orders, CancellationToken.None);
        Assert.Null(failure);
        await using var show = new NpgsqlCommand("show app.note", connection!.Own);
        Assert.Equal("two\twords and \\ more", await show.ExecuteScalarAsync());
        await connection.DisposeAsync();
    }

    private static ConnectionPlan Plan(PhysicalConnector connector, TestProbe budget) =>
        new(Orders, connector, null!, default, default, ResetMode.Rollback)
    {
        Budget = budget.Ref,
        ResetTimeout = TimeSpan.FromSeconds(5),
        Hooks = new HookRunner(PoolHooks.None, TimeSpan.FromSeconds(1), TimeProvider.System),
    };

    private static PhysicalConnector Connector(string connectionString, string more = "")
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var settings = SettingsOf($"[\"127.0.0.1:{target.Port}\"]", target.Database!, more);
        var database = settings.Databases["orders"];
        return new(settings.Servers["main"], new HostRoles(TimeSpan.FromMinutes(1), TimeProvider.System), database,
            database.Users["postgres"], TimeProvider.System);
    }

    private static BrokerSettings SettingsOf(string hosts, string database = "postgres", string more = "") => BrokerSettings.Parse(
        $"broker.servers.main {{ host = {hosts} }}\nbroker.databases.orders {{ server = main, database = {database}, user = postgres\n{more} }}");
}
