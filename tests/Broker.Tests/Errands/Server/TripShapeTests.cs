using Broker.Client.Protocol.Values;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>
/// The shape of a trip as the server sees it. A function that the settings trust tells what its transaction is like, and
/// pg_sleep, trusted too, makes a member as slow as a test needs.
/// </summary>
public sealed class TripShapeTests : IAsyncLifetime
{
    private const string Schema = """
        create table told (what text, began timestamptz default now(), ended timestamptz default clock_timestamp());
        create table parent (id int primary key);
        create table child (parent int references parent deferrable initially deferred, note text);
        create function told(anything int) returns text language sql as $$
            select concat_ws(' ', current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable'),
                current_setting('lock_timeout'), (pg_current_xact_id_if_assigned() is not null)::text) $$;
        """;

    private const string Trust = """broker.packing.trust.functions = ["public.told", "pg_catalog.pg_sleep"]""";

    private readonly List<PackingBroker> _brokers = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var broker in _brokers)
        {
            await broker.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_read_group_is_read_only_and_read_committed_and_waits_for_locks_for_20_ms()
    {
        var broker = await StartAsync();
        await broker.WarmAsync("select told(1)", "select told(2)");
        var (answers, trips) = await broker.PackAsync("select told(1)", "select told(2)");
        Assert.Equal([("read_group", 2)], trips);
        Assert.All(answers, answer => Assert.Equal("[read committed on off 20ms false]", answer.Rows));
    }

    [Fact]
    public async Task A_write_group_has_its_transaction_id_before_its_first_member_runs()
    {
        var broker = await StartAsync();
        await broker.WarmAsync("insert into told values (told(1)) returning what", "insert into told values (told(2)) returning what");
        var (answers, trips) = await broker.PackAsync("insert into told values (told(1)) returning what",
            "insert into told values (told(2)) returning what");
        Assert.Equal([("write_group", 2)], trips);
        Assert.All(answers, answer => Assert.Equal("[read committed off off 20ms true]", answer.Rows));
    }

    [Fact]
    public async Task A_statement_alone_has_no_frame_and_waits_for_locks_as_long_as_its_session_says()
    {
        var broker = await StartAsync();
        await broker.RunAsync("select told(1)");
        Assert.Equal("[read committed off off 0 false]", (await broker.RunAsync("select told(1)")).Rows);
    }

    [Fact]
    public async Task The_lock_timeout_stays_below_a_quarter_of_the_servers_deadlock_timeout()
    {
        var broker = await StartAsync(before: "alter database {0} set deadlock_timeout = '40ms'");
        await broker.WarmAsync("select told(1)", "select told(2)");
        var (answers, _) = await broker.PackAsync("select told(1)", "select told(2)");
        Assert.All(answers, answer => Assert.Equal("[read committed on off 9ms false]", answer.Rows));
    }

    [Fact]
    public async Task A_deferred_constraint_is_checked_where_the_member_alone_would_have_been_checked()
    {
        var broker = await StartAsync("broker.pool.size = 1");
        await broker.DirectlyAsync("insert into parent values (1)");
        await broker.WarmAsync(_ => Statement.Of("insert into child values ($1)", 1));
        await broker.WarmAsync(i => Statement.Of("insert into parent values ($1)", 1000 + i));
        // In one transaction with deferred checks the later parent would save the child.
        var (answers, trips) = await broker.PackAsync(
            (broker.Client, Statement.Of("insert into child values ($1)", 7)),
                (broker.Client, Statement.Of("insert into parent values ($1)", 7)));
        Assert.Contains(("write_group", 2), trips);
        Assert.Equal(["23503", ""], answers.Select(answer => answer.SqlState));
        Assert.Equal(0L, await broker.AskDirectlyAsync<long>("select count(*) from child where parent = 7"));
        await broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_read_group_that_takes_longer_than_the_trip_limit_is_cut_short_and_its_members_all_get_right_answers_alone()
    {
        var broker = await StartAsync("broker.packing { target = 300ms, trip-limit = 500ms }");
        await broker.WarmAsync(_ => Sleep(1, 0));
        var (answers, trips) = await broker.PackAsync([.. Enumerable.Range(1, 4).Select(i => (broker.Client, Sleep(i, i == 2 ? 1.0 : 0)))]);
        Assert.Equal(["[1]", "[2]", "[3]", "[4]"], answers.Select(answer => $"{answer.Rows}{answer.SqlState}"));
        // The first has its answer already, unless the machine was so slow that the limit came before it.
        Assert.Contains(("read_group", 4), trips);
        Assert.InRange(trips.Count(trip => trip == ("alone", 1)), 3, 4);
        await broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_write_group_that_takes_longer_than_the_trip_limit_is_cut_short_and_each_member_takes_effect_once()
    {
        var broker = await StartAsync("broker.packing { target = 300ms, trip-limit = 500ms }");
        await broker.WarmAsync(_ => SlowInsert(0, 0));
        await broker.DirectlyAsync("delete from told");
        var (answers,
            trips) = await broker.PackAsync([.. Enumerable.Range(1, 4).Select(i => (broker.Client, SlowInsert(i, i == 2 ? 1.0 : 0)))]);
        Assert.Equal(["[1]", "[2]", "[3]", "[4]"], answers.Select(answer => $"{answer.Rows}{answer.SqlState}"));
        Assert.All(answers, answer => Assert.Equal(1, answer.Affected));
        Assert.Equal([("alone", 1), ("alone", 1), ("alone", 1), ("alone", 1), ("write_group", 4)], trips.Order());
        Assert.Equal("1,2,3,4", await broker.AskDirectlyAsync<string>("select string_agg(what, ',' order by what) from told"));
        await broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_text_that_never_ran_starts_alone()
    {
        var broker = await StartAsync();
        var (_, trips) = await broker.PackAsync([.. Enumerable.Repeat("select 1 + 1", 4)]);
        Assert.All(trips, trip => Assert.Equal(("alone", 1), trip));
    }

    [Fact]
    public async Task A_text_that_took_longer_than_the_target_keeps_to_itself()
    {
        var broker = await StartAsync("broker.packing { target = 10ms, trip-limit = 1s }");
        await broker.RunAsync("select pg_sleep(0.05)::text");
        await broker.UntilIdleAsync();
        await broker.RunAsync("select pg_sleep(0.05)::text");
        var (_, trips) = await broker.PackAsync([.. Enumerable.Repeat("select pg_sleep(0.05)::text", 3)]);
        Assert.Equal([("alone", 1), ("alone", 1), ("alone", 1)], trips);
    }

    [Fact]
    public async Task Write_groups_go_one_after_another_though_connections_are_free()
    {
        var broker = await StartAsync();
        await broker.WarmAsync(i => Statement.Of("insert into told values ($1)", $"{i}"));
        await broker.DirectlyAsync("delete from told");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async caller =>
        {
            for (var i = 0; i < 10; i++)
            {
                Assert.Equal(1, (await broker.RunAsync("insert into told values ($1)", $"{caller} {i}")).Affected);
            }
        }));
        await broker.UntilIdleAsync();
        Assert.Contains(broker.Trips, trip => trip is { Shape: "write_group", Members: > 8 });
        const string Overlapping = """
            with groups as (select xmin::text as id, min(began) as began, max(ended) as ended from told group by 1 having count(*) > 1)
            select count(*) from groups g join groups h on g.id < h.id and g.began < h.ended and h.began < g.ended
            """;
        Assert.Equal(0L, await broker.AskDirectlyAsync<long>(Overlapping));
    }

    [Theory]
    [InlineData("alter database {0} set default_transaction_isolation = 'repeatable read'",
        "default_transaction_isolation is 'repeatable read'")]
    [InlineData("alter database {0} set default_transaction_deferrable = on", "default_transaction_deferrable is on")]
    [InlineData("alter database {0} set standard_conforming_strings = off", "standard_conforming_strings is off")]
    public async Task Where_a_session_presumes_something_else_nothing_is_packed_and_the_log_says_so(string before, string words)
    {
        var broker = await StartAsync(before: before);
        for (var round = 0; round < 4; round++)
        {
            Assert.All(await broker.TogetherAsync("select 1", "select 1", "insert into told values ('x')", "insert into told values ('x')"),
                answer => Assert.Equal("", answer.SqlState));
        }
        await broker.UntilIdleAsync();
        Assert.All(broker.Trips, trip => Assert.Equal("alone", trip.Shape));
        Assert.Contains(broker.Warnings, warning => warning.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_roles_own_default_isolation_turns_packing_off_too()
    {
        var role = $"careful_{Guid.NewGuid():N}";
        var broker = await StartAsync(
            before: $"create role {role} login; alter role {role} set default_transaction_isolation = serializable", user: role);
        for (var round = 0; round < 4; round++)
        {
            await broker.TogetherAsync("select 1", "select 1");
        }
        await broker.UntilIdleAsync();
        Assert.All(broker.Trips, trip => Assert.Equal("alone", trip.Shape));
        Assert.Contains(broker.Warnings, warning => warning.Contains("'serializable'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_databases_client_encoding_does_not_matter_because_the_broker_says_its_own()
    {
        var broker = await StartAsync(before: "alter database {0} set client_encoding = 'LATIN1'");
        await broker.WarmAsync("select 'ä' || 'ö'");
        Assert.Equal("[äö]", (await broker.RunAsync("select 'ä' || 'ö'")).Rows);
    }

    private static Statement Sleep(int number, double seconds) => Statement.Of("select $1::int from pg_sleep($2)", number, seconds);

    private static Statement SlowInsert(int number, double seconds) =>
        Statement.Of("insert into told select $1::int::text from pg_sleep($2) returning what", number, seconds);

    private async Task<PackingBroker> StartAsync(string settings = "", string before = "", string? user = null)
    {
        var database = new NpgsqlConnectionStringBuilder(await Postgres.SharedPostgres.CreateDatabaseAsync());
        await using (var server = NpgsqlDataSource.Create(database.ConnectionString))
        {
            await using var command = server.CreateCommand(string.Format(System.Globalization.CultureInfo.InvariantCulture,
                before + ";" + Schema.Replace("{", "{{", StringComparison.Ordinal), database.Database));
            await command.ExecuteNonQueryAsync();
        }
        database.Username = user ?? database.Username;
        _brokers.Add(PackingBroker.StartOn(database.ConnectionString, $"{Trust}\n{settings}"));
        return _brokers[^1];
    }
}
