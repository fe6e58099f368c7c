using Broker.Budgets;
using Broker.Client.Sessions;
using Broker.PgWire.Authentication;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>What becomes of clients when the settings of pools, databases and servers are read anew.</summary>
public sealed class ReloadedTests
{
    [Fact]
    public async Task A_pool_that_may_have_more_serves_who_waits_already()
    {
        await using var stage = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var one = await stage.ConnectAsync();
        await using var other = await stage.ConnectAsync();
        var backend = await BeginAsync(one);
        var waits = AskAsync(other, "select pg_backend_pid()");

        await stage.ReloadAsync(("size = 1,", "size = 2,"));

        Assert.NotEqual(backend, await waits);
        Assert.Equal(backend, await AskAsync(one, "select pg_backend_pid()"));
        await AskAsync(one, "commit");
    }

    [Fact]
    public async Task A_pool_that_may_have_less_closes_links_as_they_come_back_and_drops_nobody()
    {
        await using var stage = await DoorStage.OpenAsync(pool: "size = 3, overflow = 0");
        await using var direct = await stage.GoRoundAsync();
        NpgsqlConnection[] clients = [await stage.ConnectAsync(), await stage.ConnectAsync(), await stage.ConnectAsync()];
        foreach (var client in clients)
        {
            await BeginAsync(client);
        }

        await stage.ReloadAsync(("size = 3,", "size = 1,"));

        Assert.Equal(3, await LinksAsync(direct, stage.Direct));
        foreach (var client in clients)
        {
            Assert.Equal("t", await AskAsync(client, "select 't'"));
            await AskAsync(client, "commit");
        }
        await Eventually.SucceedsAsync(async () => Assert.Equal(1, await LinksAsync(direct, stage.Direct)));
        Assert.All(await Task.WhenAll(clients.Select(client => AskAsync(client, "select 'served'"))),
            answer => Assert.Equal("served", answer));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Times_hold_for_links_that_are_idle_already()
    {
        await using var stage = await DoorStage.OpenAsync(pool: "size = 3, overflow = 0, idle-timeout = off");
        await using var direct = await stage.GoRoundAsync();
        await using var client = await stage.ConnectAsync();
        await AskAsync(client, "create table one (id int)");
        Assert.NotEqual(0, await LinksAsync(direct, stage.Direct));

        await stage.ReloadAsync(("idle-timeout = off", "idle-timeout = 1s"));

        await Eventually.SucceedsAsync(async () => Assert.Equal(0, await LinksAsync(direct, stage.Direct)));
        Assert.Equal("1", await AskAsync(client, "select '1'"));
    }

    [Fact]
    public async Task Users_are_looked_up_by_the_new_statement()
    {
        var (first, second) = (ScramVerifier.Of("first", new byte[16], 4096).Format(),
            ScramVerifier.Of("second", new byte[16], 4096).Format());
        await using var stage = await DoorStage.OpenAsync(
            $"auth = scram-sha-256, auth-query = \"select name, kept from (values ('eve', '{first}')) users(name, kept) where name = $1\"");
        await using var old = await stage.ConnectAsync(Eve("first"));

        await stage.ReloadAsync((first, second));

        await Eventually.SucceedsAsync(async () => await (await stage.ConnectAsync(Eve("second"))).DisposeAsync());
        Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(() => stage.ConnectAsync(Eve("first")))).SqlState);
        Assert.Equal("1", await AskAsync(old, "select '1'"));

        static Action<NpgsqlConnectionStringBuilder> Eve(string password) => text => (text.Username, text.Password) = ("eve", password);
    }

    [Fact]
    public async Task Where_a_database_leads_elsewhere_a_transaction_ends_where_it_began_and_the_next_is_there()
    {
        await using var stage = await DoorStage.OpenAsync();
        await using var direct = await stage.GoRoundAsync();
        var (before, elsewhere) = (NameIn(stage.Direct), await SharedPostgres.CreateDatabaseAsync());
        await using var client = await stage.ConnectAsync();
        await using var idle = await stage.ConnectAsync();
        await AskAsync(client, "begin");
        Assert.Equal(before, await AskAsync(client, "select current_database()"));
        Assert.Equal(before, await AskAsync(idle, "select current_database()"));

        await stage.ReloadAsync((stage.Direct, elsewhere));

        await Eventually.SucceedsAsync(async () => Assert.Equal(NameIn(elsewhere), await AskAsync(idle, "select current_database()")));
        Assert.Equal(before, await AskAsync(client, "select current_database()"));
        await AskAsync(client, "commit");
        Assert.Equal(NameIn(elsewhere), await AskAsync(client, "select current_database()"));
        await using var late = await stage.ConnectAsync();
        Assert.Equal(NameIn(elsewhere), await AskAsync(late, "select current_database()"));
        await Eventually.SucceedsAsync(async () => Assert.Equal(0, await LinksAsync(direct, stage.Direct)));
    }

    [Fact]
    public async Task A_client_in_session_mode_keeps_what_it_has()
    {
        await using var stage = await DoorStage.OpenAsync(database: "mode = session");
        var elsewhere = await SharedPostgres.CreateDatabaseAsync();
        await using var client = await stage.ConnectAsync();
        await AskAsync(client, "create temp table mine as select 'mine' as text");

        await stage.ReloadAsync((stage.Direct, elsewhere));

        Assert.Equal("mine", await AskAsync(client, "select text from mine"));
        await Eventually.SucceedsAsync(async () =>
        {
            await using var late = await stage.ConnectAsync();
            Assert.Equal(NameIn(elsewhere), await AskAsync(late, "select current_database()"));
        });
        Assert.Equal(NameIn(stage.Direct), await AskAsync(client, "select current_database()"));
    }

    [Fact]
    public async Task Who_is_connected_to_a_database_that_is_removed_goes_on_and_nobody_else_comes_until_it_is_there_again()
    {
        await using var stage = await DoorStage.OpenAsync(pool: "size = 2, overflow = 0, min-idle = 2");
        await using var direct = await stage.GoRoundAsync();
        await using var client = await stage.ConnectAsync();
        await BeginAsync(client);

        await stage.ReloadAsync(("databases.shop {", "databases.market {"));

        await AskAsync(client, "commit");
        Assert.Equal("1", await AskAsync(client, "select '1'"));
        Assert.Equal("3D000", (await Assert.ThrowsAsync<PostgresException>(() => stage.ConnectAsync())).SqlState);
        await using var market = await stage.ConnectAsync(to => to.Database = "market");
        Assert.Equal(NameIn(stage.Direct), await AskAsync(market, "select current_database()"));

        await stage.ReloadAsync();

        await using var back = await stage.ConnectAsync();
        Assert.Equal(NameIn(stage.Direct), await AskAsync(back, "select current_database()"));
        Assert.Equal("1", await AskAsync(client, "select '1'"));
        Assert.Equal("1", await AskAsync(market, "select '1'"));
    }

    [Fact]
    public async Task A_pool_that_moves_to_another_server_has_its_connections_there_and_leaves_none_behind()
    {
        await using var stage = await DoorStage.OpenAsync();
        await using var direct = await stage.GoRoundAsync();
        await using var client = await stage.ConnectAsync();
        var backend = await BeginAsync(client);
        var (server, user) = (new NpgsqlConnectionStringBuilder(stage.Direct), new NpgsqlConnectionStringBuilder(stage.Direct).Username);
        var other = $"servers.other {{ host = \"{server.Host}\", port = {server.Port}, max-connections = 3 }}\ndatabases.shop {{ server = other, user = \"{user}\", "
            + (server.Password is { } password ? $"password = \"{password}\", " : "") + $"database = \"{server.Database}\" ";

        await stage.ReloadAsync(($"databases.shop {{ connection-string = \"{stage.Direct}\"", other));

        Assert.Equal(backend, await AskAsync(client, "select pg_backend_pid()"));
        await AskAsync(client, "commit");
        await Eventually.SucceedsAsync(async () => Assert.NotEqual(backend, await AskAsync(client, "select pg_backend_pid()")));
        await Eventually.SucceedsAsync(async () => Assert.InRange(await LinksAsync(direct, stage.Direct), 0, 1));

        await stage.ReloadAsync();

        Assert.Equal("1", await AskAsync(client, "select '1'"));
        await Eventually.SucceedsAsync(async () => Assert.InRange(await LinksAsync(direct, stage.Direct), 0, 1));
    }

    [Fact]
    public async Task Pools_that_begin_anew_go_by_the_settings_that_were_given_last()
    {
        await using var stage = await DoorStage.OpenAsync();
        var elsewhere = await SharedPostgres.CreateDatabaseAsync();
        await stage.ReloadAsync((stage.Direct, elsewhere));
        await using var before = await stage.ConnectAsync();

        // what it cannot carry out
        stage.Tell("pools/budget-main", new BudgetCommands.ChangeLimits(null!));

        await Eventually.SucceedsAsync(async () => await Assert.ThrowsAnyAsync<NpgsqlException>(() => AskAsync(before, "select 1")));
        await Eventually.SucceedsAsync(async () =>
        {
            await using var late = await stage.ConnectAsync();
            Assert.Equal(NameIn(elsewhere), await AskAsync(late, "select current_database()"));
        });
    }

    [Fact]
    public async Task Connections_beyond_what_a_server_allows_now_are_closed_as_they_come_back()
    {
        await using var stage = await DoorStage.OpenAsync();
        await using var direct = await stage.GoRoundAsync();
        NpgsqlConnection[] clients = [await stage.ConnectAsync(), await stage.ConnectAsync(), await stage.ConnectAsync()];
        foreach (var client in clients)
        {
            await BeginAsync(client);
        }

        await stage.ReloadAsync(("servers.main {", "servers.main { max-connections = 2, reserve = 0,"));

        foreach (var client in clients)
        {
            Assert.Equal("t", await AskAsync(client, "select 't'"));
            await AskAsync(client, "commit");
        }
        await Eventually.SucceedsAsync(async () => Assert.InRange(await LinksAsync(direct, stage.Direct), 0, 2));
        foreach (var client in clients)
        {
            Assert.Equal("1", await AskAsync(client, "select '1'"));
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Who_uses_the_broker_from_within_goes_by_the_new_settings_too()
    {
        await using var stage = await DoorStage.OpenAsync();
        var (before, elsewhere) = (NameIn(stage.Direct), await SharedPostgres.CreateDatabaseAsync());
        await using var direct = await stage.GoRoundAsync();
        await using var conversation = new SessionFactory(stage.Broker, "shop").Open();
        await conversation.ExecuteAsync($"create table mine (id int)");

        await stage.ReloadAsync((stage.Direct, elsewhere));

        await Eventually.SucceedsAsync(async () =>
            Assert.Equal(NameIn(elsewhere), await stage.Broker.QuerySingleAsync<string>("shop", $"select current_database()::text")));
        Assert.Equal([before], await conversation.QueryAsync<string>($"select current_database()::text"));
        await conversation.CommitAsync();
        Assert.Equal([NameIn(elsewhere)], await conversation.QueryAsync<string>($"select current_database()::text"));
        Assert.Equal("mine", await AskAsync(direct, "select to_regclass('mine')::text"));
    }

    [Fact]
    public async Task Who_listens_from_within_is_told_of_the_gap_and_hears_what_is_said_there()
    {
        await using var stage = await DoorStage.OpenAsync();
        var elsewhere = await SharedPostgres.CreateDatabaseAsync();
        await using var listening = stage.Broker.ListenAsync("shop", "news");
        await listening.StartAsync();
        await using var heard = listening.GetAsyncEnumerator();

        await stage.ReloadAsync((stage.Direct, elsewhere));

        Assert.True(await heard.MoveNextAsync());
        Assert.True(heard.Current.Gap);
        await using var there = new NpgsqlConnection(elsewhere);
        await there.OpenAsync();
        await AskAsync(there, "notify news, 'from there'");
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal("from there", heard.Current.Payload);
    }

    private static async Task<string> BeginAsync(NpgsqlConnection client)
    {
        await AskAsync(client, "begin");
        return await AskAsync(client, "select pg_backend_pid()");
    }

    private static async Task<string> AskAsync(NpgsqlConnection client, string text) => $"{await client.ScalarAsync(text)}";

    private static async Task<int> LinksAsync(NpgsqlConnection direct, string to) => int.Parse(
        await AskAsync(direct, $"select count(*) from pg_stat_activity where datname = '{NameIn(to)}' and application_name = 'broker'"),
            null);

    private static string NameIn(string connection) => new NpgsqlConnectionStringBuilder(connection).Database!;
}
