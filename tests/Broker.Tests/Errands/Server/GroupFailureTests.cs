using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>When something fails: what each member of a failed group hears, and what it leaves to those who come next.
/// Each has a statement of its own; <see cref="FoldTests"/> has those that share one.</summary>
public sealed class GroupFailureTests : IAsyncLifetime
{
    private const string Schema = """
        create table kept (id int primary key, note text, at timestamptz default now(), check (id < 1000000));
        create function harmless(id int) returns text language plpgsql volatile as $$
            begin insert into kept values (id); return 'kept'; end $$;
        """;

    // The function is not harmless: a word of trust may be wrong.
    private const string Trust =
        """
        broker.packing.fold = off
        broker.packing.trust.functions = ["public.harmless", "pg_catalog.pg_sleep", "pg_catalog.pg_terminate_backend", "pg_catalog.pg_backend_pid"]
        """;

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() => _broker = await PackingBroker.StartAsync(Schema, Trust);

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task A_read_before_the_one_that_fails_keeps_its_answer_and_one_behind_it_runs_again()
    {
        await _broker.WarmAsync(_ => Divide(1));
        var (answers, trips) = await PackAsync(Divide(1), Divide(0), Divide(2));
        Assert.Equal(["", "22012", ""], answers.Select(answer => answer.SqlState));
        Assert.EndsWith(",100]", answers[0].Rows, StringComparison.Ordinal);
        Assert.EndsWith(",50]", answers[2].Rows, StringComparison.Ordinal);
        // The one that failed is told, not tried again.
        Assert.Equal([("alone", 1), ("read_group", 3)], trips.Order());
        await _broker.AssertWholeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nobody_who_comes_after_a_failed_group_hears_25P02(int failing)
    {
        await _broker.WarmAsync(_ => Divide(1));
        await _broker.WarmAsync(i => Insert(i));
        for (var round = 0; round < 3; round++)
        {
            await PackAsync([.. Enumerable.Range(0, 3).Select(i => Divide(i == failing ? 0 : 1))]);
            await _broker.AssertWholeAsync();
            await PackAsync([.. Enumerable.Range(0, 3).Select(i => Insert(i == failing ? 0 : 100 + (10 * round) + i))]);
            await _broker.AssertWholeAsync();
        }
    }

    [Fact]
    public async Task A_read_that_waits_for_a_lock_delays_none_of_its_group_and_is_answered_when_the_lock_is_gone()
    {
        await _broker.DirectlyAsync("create table locked as select 7 as id");
        await _broker.WarmAsync("select id from locked", "select 1");
        // A new connection has not prepared them yet, and has to at their second trip: that must not wait either.
        await _broker.Client.InvalidateAsync(PackingBroker.Pool);
        await _broker.TogetherAsync("select 1", "select id from locked");
        await using var holder = await _broker.Server.OpenConnectionAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("lock table locked", holder))
        {
            await hold.ExecuteNonQueryAsync();
        }
        var answers = await _broker.StartTogetherAsync(
            (_broker.Client, new("select 1")), (_broker.Client, new("select id from locked")), (_broker.Client, new("select 1")));
        Assert.Equal(["[1]", "[1]"], (await Task.WhenAll(answers[0], answers[2])).Select(answer => answer.Rows));
        Assert.False(answers[1].IsCompleted);
        await holding.CommitAsync();
        Assert.Equal("[7]", (await answers[1]).Rows);
    }

    [Fact]
    public async Task An_insert_that_waits_for_a_lock_delays_no_other_caller()
    {
        await _broker.WarmAsync(i => Insert(i));
        await using var holder = await _broker.Server.OpenConnectionAsync();
        await using var holding = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("insert into kept values (500)", holder))
        {
            await hold.ExecuteNonQueryAsync();
        }
        var answers = await _broker.StartTogetherAsync([.. Enumerable.Range(499, 3).Select(id => (_broker.Client, Insert(id)))]);
        Assert.Equal(["[499]", "[501]"], (await Task.WhenAll(answers[0], answers[2])).Select(answer => answer.Rows));
        // Groups go on while it waits alone.
        var before = _broker.Trips.Count;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async caller =>
        {
            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(1, (await RunAsync(Insert(1000 + (10 * caller) + i))).Affected);
            }
        }));
        Assert.True(_broker.Trips.Count > before);
        Assert.False(answers[1].IsCompleted);
        await holding.RollbackAsync();
        Assert.Equal("[500]", (await answers[1]).Rows);
    }

    [Fact]
    public async Task Of_two_inserts_of_one_key_in_a_group_one_takes_effect_and_only_the_other_hears_of_it()
    {
        await _broker.WarmAsync(i => Insert(i));
        var (answers, trips) = await PackAsync(Insert(200), Insert(300), Insert(300), Insert(400));
        Assert.Contains(("write_group", 4), trips);
        Assert.Equal(["", "", "", "23505"], answers.Select(answer => answer.SqlState).Order(StringComparer.Ordinal));
        Assert.Equal(3L, await _broker.AskDirectlyAsync<long>("select count(*) from kept where id in (200, 300, 400)"));
    }

    [Fact]
    public async Task No_row_and_no_count_of_a_failed_write_group_reaches_a_caller()
    {
        await _broker.WarmAsync(i => Insert(i));
        await _broker.WarmAsync(_ => Statement.Of("update kept set note = $1 where id < 4 returning at, now()", "warm"));
        await _broker.DirectlyAsync("insert into kept values (700)");
        var (answers, trips) = await PackAsync(
            Statement.Of("update kept set note = $1 where id < 4 returning at, now()", "x"), Insert(701), Insert(700), Insert(702));
        Assert.Contains(("write_group", 4), trips);
        Assert.Equal(4, trips.Count(trip => trip == ("alone", 1)));
        Assert.Equal(["", "", "23505", ""], answers.Select(answer => answer.SqlState));
        Assert.Equal([4, 1, -1, 1], answers.Select(answer => answer.Affected));
        Assert.Equal(2L, await _broker.AskDirectlyAsync<long>("select count(*) from kept where id in (701, 702)"));
        // What the caller was told is what is in the table: the group's own row is gone with the group.
        Assert.Equal(2L, await _broker.AskDirectlyAsync<long>("select count(distinct xmin::text) from kept where id in (701, 702)"));
    }

    [Fact]
    public async Task A_text_that_writes_though_it_was_taken_for_a_read_is_run_alone_for_ever_and_never_in_a_write_group()
    {
        await _broker.RunAsync("select harmless(1)");
        await _broker.UntilIdleAsync();
        await _broker.RunAsync("select harmless($1)", 2);
        await _broker.UntilIdleAsync();
        await _broker.RunAsync("select harmless($1)", 3);
        var (answers, trips) = await PackAsync(Statement.Of("select harmless($1)", 4), Statement.Of("select harmless($1)", 5));
        Assert.Equal(["[kept]", "[kept]"], answers.Select(answer => answer.Rows));
        Assert.Equal([("alone", 1), ("alone", 1), ("read_group", 2)], trips.Order());
        for (var round = 0; round < 3; round++)
        {
            (answers, trips) =
                await PackAsync([.. Enumerable.Range(0, 4).Select(i => Statement.Of("select harmless($1)", 10 + (10 * round) + i))]);
            Assert.All(answers, answer => Assert.Equal("[kept]", answer.Rows));
            Assert.All(trips, trip => Assert.Equal(("alone", 1), trip));
        }
    }

    [Fact]
    public async Task Where_every_write_is_refused_25006_is_the_callers_own_and_nothing_is_remembered()
    {
        await _broker.DirectlyAsync(
            "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$");
        await _broker.RunAsync("select 1");
        for (var round = 0; round < 4; round++)
        {
            var refused = await _broker.TogetherAsync(Statement.Of("select harmless($1)", 4),
                Statement.Of("select harmless($1)", 5), Insert(4));
            Assert.All(refused, answer => Assert.Equal("25006", answer.SqlState));
        }
        await using (var owner = await _broker.Server.OpenConnectionAsync())
        {
            await using var command = new NpgsqlCommand(
                "begin read write; do $$ begin execute format('alter database %I reset default_transaction_read_only', current_database()); end $$; commit", owner);
            await command.ExecuteNonQueryAsync();
        }
        await _broker.Client.InvalidateAsync(PackingBroker.Pool);
        await RunAsync(Statement.Of("select harmless($1)", 88));
        await _broker.UntilIdleAsync();
        await RunAsync(Statement.Of("select harmless($1)", 89));
        var (answers, trips) = await PackAsync(Statement.Of("select harmless($1)", 90), Statement.Of("select harmless($1)", 91));
        Assert.All(answers, answer => Assert.Equal("", answer.SqlState));
        // It is tried in a group once more: nothing was held against it.
        Assert.Contains(trips, trip => trip.Shape == "read_group");
    }

    [Fact]
    public async Task When_a_read_groups_connection_is_lost_the_member_that_ran_is_told_and_those_behind_it_run_once_more()
    {
        await _broker.WarmAsync(_ => Sleep(0, 0));
        var answers = await _broker.StartTogetherAsync((_broker.Client, Sleep(1, 0)), (_broker.Client, Sleep(2, 600)),
            (_broker.Client, Sleep(3, 0)));
        await _broker.UntilDirectlyAsync(
            "select exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())");
        await _broker.DirectlyAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()");
        var told = await Task.WhenAll(answers);
        Assert.Equal("[1]", told[0].Rows);
        Assert.True(Assert.IsType<ConnectionLost>(told[1].Failure).SafeToRetry);
        Assert.Equal("[3]", told[2].Rows);
        await _broker.AssertWholeAsync();
        Assert.False(
            await _broker.AskDirectlyAsync<bool>(
                "select exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())"));
    }

    [Fact]
    public async Task A_query_of_death_ends_one_server_process_and_no_second()
    {
        await _broker.WarmAsync(_ => Deadly(false));
        await _broker.UntilIdleAsync();
        var before = _broker.Counted("broker.connection.closed");
        var (answers, _) = await PackAsync(Deadly(false), Deadly(true), Deadly(false));
        Assert.Equal(["[False]", "", "[False]"], answers.Select(answer => answer.Rows));
        Assert.IsType<ConnectionLost>(answers[1].Failure);
        await _broker.AssertWholeAsync();
        await _broker.UntilAsync(_ => _broker.Counted("broker.connection.closed") > before);
        Assert.Equal(before + 1, _broker.Counted("broker.connection.closed"));
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(20_000_000)]
    public async Task An_answer_above_the_reply_limit_comes_alone_and_whole_and_its_text_stays_alone(int large)
    {
        await _broker.WarmAsync(_ => Repeat(1));
        var (answers, trips) = await PackAsync(Repeat(1), Repeat(large), Repeat(2));
        Assert.Equal([1, large, 2], answers.Select(answer => answer.Rows.Length - 2));
        Assert.Contains(("read_group", 3), trips);
        (answers, trips) = await PackAsync(Repeat(1), Repeat(2), Repeat(3));
        Assert.Equal([1, 2, 3], answers.Select(answer => answer.Rows.Length - 2));
        Assert.All(trips, trip => Assert.Equal(("alone", 1), trip));
        await _broker.AssertWholeAsync();
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(20_000_000)]
    public async Task A_write_whose_rows_pass_the_reply_limit_takes_effect_once_as_do_its_companions(int large)
    {
        await _broker.WarmAsync(i => InsertLarge(i, 1));
        var (answers, trips) = await PackAsync(InsertLarge(100, 1), InsertLarge(101, large), InsertLarge(102, 2));
        Assert.Equal(["", "", ""], answers.Select(answer => answer.SqlState));
        Assert.Equal([1, large, 2], answers.Select(answer => answer.Rows.Length - 2));
        Assert.Equal([("write_group", 3)], trips);
        Assert.Equal(3L, await _broker.AskDirectlyAsync<long>("select count(*) from kept where id between 100 and 102"));
        (_, trips) = await PackAsync(InsertLarge(103, 1), InsertLarge(104, 1));
        Assert.All(trips, trip => Assert.Equal(("alone", 1), trip));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_result_above_the_callers_limit_is_refused_to_it_alone_and_the_pool_stays_whole()
    {
        var modest = _broker.Client.With(new Client.Protocol.Messages.ErrandLimits(ResultBytes: 1000));
        await _broker.WarmAsync(_ => Repeat(1));
        await _broker.WarmAsync(i => InsertLarge(i, 1));
        for (var length = 2000; length < 20_000_000; length *= 100)
        {
            var answers = await _broker.TogetherAsync((_broker.Client, Repeat(1)), (modest, Repeat(length)),
                (_broker.Client, Repeat(length)));
            Assert.Equal(1000, Assert.IsType<ResultTooLarge>(answers[1].Failure).Limit);
            Assert.Equal([1, length], new[] { answers[0], answers[2] }.Select(answer => answer.Rows.Length - 2));
            answers = await _broker.TogetherAsync((_broker.Client, InsertLarge(length, 1)), (modest, InsertLarge(length + 1, length)),
                (_broker.Client, InsertLarge(length + 2, 1)));
            Assert.False(Assert.IsType<ResultTooLarge>(answers[1].Failure).SafeToRetry);
            Assert.Equal([1, 1], new[] { answers[0], answers[2] }.Select(answer => answer.Affected));
            await _broker.AssertWholeAsync();
        }
    }

    [Fact]
    public async Task Those_who_run_again_do_so_in_the_order_in_which_they_came_and_before_who_came_later()
    {
        await using var broker = PackingBroker.StartOn(_broker.ConnectionString, "broker.pool.size = 1");
        await _broker.DirectlyAsync("create table turns (id int, turn serial)");
        const string Take = "insert into turns values ($1)";
        await broker.WarmAsync(i => Statement.Of(Take, i + 100));
        await broker.WarmAsync(i => Insert(i + 100));
        await _broker.DirectlyAsync("insert into kept values (5)");
        var (answers, _) = await broker.PackAsync(
            [.. new[] { 1, 2, 3, 4 }.Select(i => (broker.Client, Statement.Of(Take, i))), (broker.Client, Insert(5)),
                .. new[] { 6, 7 }.Select(i => (broker.Client, Statement.Of(Take, i))),
                    (broker.Client, Statement.Of("insert into turns select $1::int from pg_sleep(0)", 8))]);
        Assert.Equal(["", "", "", "", "23505", "", "", ""], answers.Select(answer => answer.SqlState));
        Assert.Equal("1 2 3 4 6 7 8",
            await _broker.AskDirectlyAsync<string>("select string_agg(id::text, ' ' order by turn) from turns where id < 100"));
    }

    [Fact]
    public async Task Awaited_errands_of_one_caller_keep_their_order_though_groups_fail_around_them()
    {
        await _broker.WarmAsync(i => Insert(i));
        await Task.WhenAll(Enumerable.Range(0, 12).Select(async caller =>
        {
            for (var i = 0; i < 8; i++)
            {
                var id = 10_000 + (100 * caller) + i;
                // Every third caller disturbs the groups by a key that is taken.
                Assert.Equal(caller % 3 == 0 ? "23505" : "", (await RunAsync(Insert(caller % 3 == 0 ? 0 : id))).SqlState);
                Assert.Equal(caller % 3 == 0 ? "[0]" : $"[{i + 1}]", (await RunAsync(
                    Statement.Of("select count(*) from kept where id between $1 and $2", 10_000 + (100 * caller), 10_099 + (100 * caller)))).Rows);
            }
        }));
        Assert.Contains(_broker.Trips, trip => trip is { Shape: "write_group", Members: > 1 });
    }

    private static Statement Divide(int by) => Statement.Of("select now(), 100 / $1::int", by);

    private static Statement Insert(int id) => Statement.Of("insert into kept values ($1) returning id", id);

    private static Statement Repeat(int length) => Statement.Of("select repeat('x', $1)", length);

    private static Statement InsertLarge(int id, int length) =>
        Statement.Of("insert into kept values ($1, repeat('x', $2)) returning note", id, length);

    private static Statement Sleep(int number, double seconds) => Statement.Of("select $1::int from pg_sleep($2)", number, seconds);

    private static Statement Deadly(bool deadly) =>
        Statement.Of("select case when $1 then pg_terminate_backend(pg_backend_pid()) else false end", deadly);

    private Task<Answer> RunAsync(Statement statement) => PackingBroker.RunAsync(_broker.Client, statement);

    private Task<(Answer[] Answers, (string Shape, int Members)[] Trips)> PackAsync(params Statement[] statements) =>
        _broker.PackAsync([.. statements.Select(statement => (_broker.Client, statement))]);
}
