using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>What a client leaves in a session the next one does not find, and what leaves nothing costs no cleaning.</summary>
public sealed class TracesTests
{
    private const int Rounds = 200;
    private const string OneLink = "size = 1, overflow = 0";

    [Fact]
    public async Task What_a_function_of_a_user_sets_is_gone_for_the_next_client()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await RunAsync(door.Direct, """
            create function remember(text) returns text language sql as $$ select set_config('app.user', $1, false) $$;
            create view remembering as select remember('view') as it;
            """);
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();

        foreach (var text
            in new[] { "select remember('a')", "select * from remembering", "select 1; select remember('b')",
                "copy (select remember('c')) to stdout" })
        {
            // before the catalogue was asked about it, and after
            for (var i = 0; i < 5; i++)
            {
                if (text.StartsWith("copy", StringComparison.Ordinal))
                {
                    using var copy = await first.BeginTextExportAsync(text);
                    await copy.ReadToEndAsync();
                }
                else
                {
                    await RunAsync(first, text);
                }
                Assert.Equal("", await second.ScalarAsync("select coalesce(current_setting('app.user', true), '')"));
            }
        }
    }

    [Theory]
    [InlineData("session", "discard all")]
    [InlineData("session", "reset all")]
    [InlineData("transaction", "discard all")]
    [InlineData("transaction", "reset all")]
    [InlineData("transaction", "reset search_path; reset timezone")]
    public async Task What_a_client_began_with_it_has_again_when_it_has_reset_its_session(string mode, string text)
    {
        await using var door = await DoorStage.OpenAsync(gateway: $"mode = {mode}", pool: OneLink);
        await using var client = await door.ConnectAsync(static options =>
            (options.Timezone, options.SearchPath, options.Pooling) = ("Asia/Tokyo", "own", false));
        const string Read = "select current_setting('search_path') || ' ' || current_setting('timezone')";
        Assert.Equal("own Asia/Tokyo", await client.ScalarAsync(Read));

        await RunAsync(client, "set search_path = other; set work_mem = '7MB'");
        foreach (var one in text.Split("; "))
        {
            await RunAsync(client, one);
        }

        Assert.Equal("own Asia/Tokyo", await client.ScalarAsync(Read));
    }

    [Theory]
    [InlineData("reset timezone")]
    [InlineData("reset application_name")]
    public async Task What_was_set_for_a_client_is_undone_for_the_next_when_it_has_reset_something_else(string text)
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();
        await RunAsync(first, "set work_mem = '7MB'");
        Assert.Equal("7MB", await first.ScalarAsync("select current_setting('work_mem')"));

        await RunAsync(first, text);

        Assert.Equal("4MB", await second.ScalarAsync("select current_setting('work_mem')"));
        Assert.Equal("7MB", await first.ScalarAsync("select current_setting('work_mem')"));
    }

    [Fact]
    public async Task A_lock_of_a_session_is_gone_for_the_next_client()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();

        await RunAsync(first, "select pg_advisory_lock(17)");
        Assert.Equal(1, await second.ScalarAsync("select 1"));
        await using var direct = new NpgsqlConnection(door.Direct);
        await direct.OpenAsync();
        Assert.Equal(true, await direct.ScalarAsync("select pg_try_advisory_lock(17)"));
    }

    [Theory]
    [InlineData("create temp table mine as select 1 as id", "select * from mine", "42P01")]
    [InlineData("prepare mine as select 1", "execute mine", "26000")]
    [InlineData("begin; declare mine cursor with hold for select 1; commit", "fetch all from mine", "34000")]
    public async Task What_a_client_made_in_its_session_is_gone_for_the_next(string makes, string uses, string state)
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();

        await RunAsync(first, makes);
        Assert.Equal(state, (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(second, uses))).SqlState);
    }

    [Fact]
    public async Task A_function_that_a_clients_own_search_path_finds_leaves_nothing_to_the_next()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await RunAsync(door.Direct, """
            create schema own;
            create function own.lower(text) returns text language sql as $$ select set_config('app.user', $1, false) $$;
            """);
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();
        await LearnAsync(first, "select lower('A')");

        await RunAsync(first, "set search_path = own, pg_catalog");
        await RunAsync(first, "select lower('A')");
        Assert.Equal("", await second.ScalarAsync("select coalesce(current_setting('app.user', true), '')"));

        await RunAsync(second, "begin; set local search_path = own, pg_catalog; select lower('A'); commit");
        await using (var transaction = await second.BeginTransactionAsync())
        {
            await RunAsync(second, "set local search_path = own, pg_catalog");
            await RunAsync(second, "select lower('A')");
            await transaction.CommitAsync();
        }
        await using var third = await door.ConnectAsync();
        Assert.Equal("", await third.ScalarAsync("select coalesce(current_setting('app.user', true), '')"));
    }

    [Fact]
    public async Task What_a_client_sets_behind_a_savepoint_that_it_went_back_to_it_keeps()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await using var client = await door.ConnectAsync();
        foreach (var text in new[] { "begin", "set lock_timeout = '7s'", "savepoint a", "rollback to a", "set work_mem = '7MB'", "commit" })
        {
            await RunAsync(client, text);
        }
        Assert.Equal("7MB", await client.ScalarAsync("select current_setting('work_mem')"));
    }

    [Fact]
    public async Task Plain_statements_cause_no_cleaning()
    {
        await using var door = await DoorStage.OpenAsync(pool: OneLink);
        await RunAsync(door.Direct, """
            create table accounts (id serial primary key, balance int not null default 0);
            create table history (account int, delta int, at timestamp);
            """);
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();
        var kept = 0;
        for (var round = 0; round < Rounds && kept < 20; round++)
        {
            // DISCARD ALL would take the sequence's last value from the session
            var id = await first.ScalarAsync($"insert into accounts (balance) values ({round}) returning id");
            await using (var transaction = await second.BeginTransactionAsync())
            {
                await RunAsync(second, $"update accounts set balance = balance + {round} where id = {id}");
                await RunAsync(second, $"select balance from accounts where id = {id}");
                await RunAsync(second, $"insert into history (account, delta, at) values ({id}, {round}, current_timestamp)");
                await transaction.CommitAsync();
            }
            await RunAsync(second, $"delete from history where account = {id}");
            await using var last = new NpgsqlCommand("select lastval()", first);
            try
            {
                kept = Convert.ToInt32(id) == Convert.ToInt32(await last.ExecuteScalarAsync()) ? kept + 1 : 0;
            }
            catch (PostgresException lost) when (lost.SqlState == "55000")
            {
                Assert.True(kept == 0, $"cleaned again in round {round}, after {kept} without");
            }
        }
        Assert.Equal(20, kept);
    }

    [Fact]
    public async Task Reads_that_run_code_of_users_never_share_a_transaction()
    {
        // one link: transactions that are not shared begin one after the other, never at the same moment
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await RunAsync(door.Direct, """
            create function who() returns timestamptz language sql stable as $$ select now() $$;
            create view whose as select who() as at, clock_timestamp() as n;
            create table guarded (id int);
            insert into guarded values (1);
            alter table guarded enable row level security;
            create function same(int, text) returns timestamptz language sql stable as $$ select now() $$;
            create operator public.=== (leftarg = int, rightarg = text, function = same);
            """);
        foreach (var text in new[] { "select at from whose", "select now() from guarded", "select 1 === 'a'", "select who()" })
        {
            var moments = await MomentsAsync(door, text);
            Assert.Equal(moments.Count, moments.Distinct().Count());
        }
        // which shows that it would be seen
        var shared = await MomentsAsync(door, "select now()");
        Assert.True(shared.Distinct().Count() < shared.Count, "no two plain reads of eight clients shared a transaction");
    }

    private static async Task<List<object?>> MomentsAsync(DoorStage door, string text)
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => door.ConnectAsync()));
        var moments = await Task.WhenAll(clients.Select(async client =>
        {
            var all = new List<object?>();
            for (var i = 0; i < 100; i++)
            {
                all.Add(await client.ScalarAsync(text));
            }
            return all;
        }));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
        return [.. moments.SelectMany(static all => all)];
    }

    // the text is judged as soon as its names are known
    private static async Task LearnAsync(NpgsqlConnection connection, string text)
    {
        for (var i = 0; i < 20; i++)
        {
            await RunAsync(connection, text);
        }
    }

    private static async Task RunAsync(string direct, string text)
    {
        await using var connection = new NpgsqlConnection(direct);
        await connection.OpenAsync();
        await RunAsync(connection, text);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }
}
