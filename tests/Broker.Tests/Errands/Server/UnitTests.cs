using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>
/// A unit of several statements is one errand: one transaction, one round trip, all of it or nothing, alone and among others.
/// </summary>
public sealed class UnitTests : IAsyncLifetime
{
    private const string Schema = """
        create table kept (id int primary key, note text, at timestamptz default now());
        create table parent (id int primary key);
        create table child (id int primary key, parent int references parent deferrable initially deferred);
        create table audited (id int primary key);
        create table noted (id int);
        create function audit() returns trigger language plpgsql as 'begin insert into noted values (new.id); return new; end';
        create trigger audit before insert on audited for each row execute function audit();
        create table guarded (id int);
        alter table guarded enable row level security;
        create function told() returns text language sql volatile as $$
            select concat_ws(' ', current_setting('transaction_isolation'), current_setting('lock_timeout'), (pg_current_xact_id_if_assigned() is not null)::text) $$;
        """;

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() => _broker = await PackingBroker.StartAsync(Schema, """broker.packing.trust.functions = ["pg_catalog.pg_sleep"]""");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task A_unit_is_one_transaction_in_one_round_trip_and_each_statement_has_its_answer()
    {
        var (outcomes, trips) = await _broker.PackAsync(_broker.Client.Unit(
            Statement.Of("insert into kept values ($1, $2) returning id, note", 1, "a"), Statement.Of("insert into kept values (2), (3)"),
            Statement.Of("update kept set note = $1 where id > 1", "b"), Statement.Of("select note from kept order by id"),
                Statement.Of("delete from kept where id = 3 returning id")));
        Assert.Equal([("write_group", 1)], trips);
        Answer[] expected = [new("[1,a]", 1, ""), new("", 2, ""), new("", 2, ""), new("[a][b][b]", -1, ""), new("[3]", 1, "")];
        Assert.Equal(expected, outcomes[0].Answers.AsEnumerable());
        Assert.Equal(1L, await DistinctTransactionsAsync());
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task Answers_keep_their_places_whether_statements_answer_rows_none_or_rows_without_columns()
    {
        string[] texts =
        [
            "select 1, 2 where false", "values (6)", "delete from kept where false", "insert into kept select where false returning id",
            "values (7)",
            "insert into kept select 1 where false", "select", "delete from kept where false", "select 1, 2, 3 where false",
            "with w as (delete from kept where false returning id) insert into kept select id from w", "select 8",
            "delete from kept where false",
        ];
        (string, long, int)[] expected =
        [
            ("", -1, 2), ("[6]", -1, 1), ("", 0, 0), ("", 0, 1), ("[7]", -1, 1), ("", 0, 0), ("[]", -1, 0), ("", 0, 0), ("", -1, 3),
            ("", 0, 0), ("[8]", -1, 1), ("", 0, 0),
        ];
        await _broker.WarmAsync(_ => _broker.Client.Unit(texts));
        for (var members = 1; members <= 3; members += 2)
        {
            var (outcomes, trips) = await _broker.PackAsync([.. Enumerable.Range(0, members).Select(_ => _broker.Client.Unit(texts))]);
            Assert.Equal([("write_group", members)], trips);
            Assert.All(outcomes,
                outcome =>
                    Assert.Equal(expected,
                        outcome.Answers.Zip(outcome.Columns, (answer, columns) => (answer.Rows, answer.Affected, columns))));
        }
    }

    [Theory]
    [InlineData("insert into kept values (1); -- done", " ")]
    [InlineData("insert into kept values (1) returning id;/* done */;", "[1]  ")]
    [InlineData("-- a;;insert into kept values (1) returning id;insert into kept values (2);-- b", "  [1]  ")]
    [InlineData("select 1 where false;;insert into kept values (1) returning id", "  [1]")]
    [InlineData("insert into kept values (1);-- a;select 1 where false;-- b;select 7", "    [7]")]
    [InlineData(";-- only;insert into kept values (1)", "  ")]
    public async Task A_blank_statement_answers_nothing_and_shifts_no_answer(string text, string rows)
    {
        var statements = text.Split(';');
        await _broker.WarmAsync(_ => _broker.Client.Unit("insert into kept values (5)", "delete from kept"));
        for (var round = 0; round < 2; round++)
        {
            await _broker.DirectlyAsync("delete from kept where id in (1, 2)");
            var (outcomes, _) = await _broker.PackAsync(_broker.Client.Unit(statements));
            Assert.Null(outcomes[0].Failure);
            Assert.Equal(rows, outcomes[0].Rows);
            Assert.Equal(statements.Select(one => one.Contains("insert", StringComparison.Ordinal) ? 1L : -1L),
                outcomes[0].Answers.Select(answer => answer.Affected));
        }
        await _broker.AssertWholeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_unit_that_fails_has_no_effect_and_says_which_statement_failed(int failing)
    {
        await _broker.DirectlyAsync("insert into kept values (0)");
        var (outcomes,
            _) = await _broker.PackAsync(_broker.Client.Unit([.. Enumerable.Range(0, 3).Select(i => Insert(i == failing ? 0 : i + 1))]));
        var failure = Assert.IsType<StatementFailed>(outcomes[0].Failure);
        Assert.Equal(("23505", failing), (failure.SqlState, failure.Statement));
        Assert.Equal(1L, await CountAsync());
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_unit_shares_a_transaction_with_its_neighbours()
    {
        await WarmAsync();
        var (outcomes, trips) = await _broker.PackAsync(Pair(1), One(3), Pair(4), Framed(6));
        Assert.Equal([("write_group", 4)], trips);
        Assert.Equal(["[1] [2]", "[3]", "[4] [5]", "[6]"], outcomes.Select(outcome => outcome.Rows));
        Assert.Equal(1L, await DistinctTransactionsAsync("id between 1 and 6"));
    }

    [Fact]
    public async Task A_neighbours_failure_does_not_reach_a_unit_nor_the_units_its_neighbours()
    {
        await WarmAsync();
        await _broker.DirectlyAsync("insert into kept values (0)");
        var (outcomes, trips) = await _broker.PackAsync(One(0), Pair(1), Pair(-1), One(3));
        Assert.Contains(("write_group", 4), trips);
        Assert.Null(Assert.IsType<StatementFailed>(outcomes[0].Failure).Statement);
        Assert.Equal("[1] [2]", outcomes[1].Rows);
        // Its first statement had done well.
        Assert.Equal(("23505", 1), (outcomes[2].Failure!.SqlState, ((StatementFailed)outcomes[2].Failure!).Statement));
        Assert.Equal("[3]", outcomes[3].Rows);
        Assert.Equal("0 1 2 3",
            await _broker.AskDirectlyAsync<string>("select string_agg(id::text, ' ' order by id) from kept where id < 100"));
        Assert.Equal(1L, await DistinctTransactionsAsync("id between 1 and 2"));
        await _broker.AssertWholeAsync();
    }

    [Theory]
    [InlineData("insert into audited values ($1)")]
    [InlineData("update kept set note = '' where id = $1 and xmin::text <> '1'")]
    [InlineData("insert into guarded values ($1)")]
    [InlineData("insert into kept values ($1, random()::text)")]
    [InlineData("select id from kept where id = $1 for update")]
    [InlineData("select id from kept where id = $1 and xmin::text <> '1'")]
    public async Task A_unit_with_a_text_that_may_not_share_a_trip_is_a_group_of_its_own(string text)
    {
        await WarmAsync();
        for (var round = 0; round < 3; round++)
        {
            var id = 1000 + (10 * round);
            var (outcomes, trips) = await _broker.PackAsync(
                One(id), _broker.Client.Unit(Insert(id + 1), Statement.Of(text, id + 2)), One(id + 3),
                    _broker.Client.Unit(Statement.Of(text, id + 4)));
            Assert.All(outcomes, outcome => Assert.Null(outcome.Failure));
            Assert.Equal([("write_group", 1), ("write_group", 1), ("write_group", 2)], trips.Order());
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_unit_without_company_runs_by_the_roles_defaults_and_its_transaction_id_is_known_from_the_start()
    {
        var unit = await _broker.Client.SendAsync(_broker.Client.Unit("select told()", "select told()"));
        Assert.Equal("[read committed 0 true] [read committed 0 true]", unit.Rows);
        Assert.Equal("[read committed 0 true]", (await _broker.Client.SendAsync(_broker.Client.Unit("select told()"))).Rows);
        Assert.Equal("[read committed 0 false]", (await _broker.Client.SendAsync(_broker.Client.One(new Statement("select told()")))).Rows);
    }

    [Theory]
    [InlineData("off")]
    [InlineData("barrier")]
    public async Task Where_writes_are_not_grouped_a_unit_is_a_group_of_its_own(string writes)
    {
        await using var broker = PackingBroker.StartOn(_broker.ConnectionString, $"broker.packing.writes = {writes}");
        for (var i = 0; i < 8; i++)
        {
            var (outcomes, trips) = await broker.PackAsync(
                broker.Client.Unit(Insert(10 * i), Insert((10 * i) + 1)), broker.Client.Unit(Insert((10 * i) + 2), Insert((10 * i) + 3)));
            Assert.All(outcomes, outcome => Assert.Null(outcome.Failure));
            Assert.Equal([("write_group", 1), ("write_group", 1)], trips);
        }
    }

    [Fact]
    public async Task A_deferred_constraint_is_checked_at_the_end_of_a_unit_and_a_unit_that_needs_that_goes_alone()
    {
        RunErrand Family(int id) => _broker.Client.Unit(
            Statement.Of("insert into child values ($1, $1)", id), Statement.Of("insert into parent values ($1)", id));
        Assert.Null((await _broker.Client.SendAsync(Family(1))).Failure);
        for (var round = 0; round < 4; round++)
        {
            var (outcomes, _) = await _broker.PackAsync(Family(10 + (2 * round)), Family(11 + (2 * round)));
            Assert.All(outcomes, outcome => Assert.Null(outcome.Failure));
        }
        var (_, trips) = await _broker.PackAsync(Family(20), Family(21));
        Assert.Equal([("write_group", 1), ("write_group", 1)], trips);
        var orphan =
            (await _broker.Client.SendAsync(_broker.Client.Unit(Statement.Of("insert into child values (99, 99)"), Insert(99)))).Failure;
        Assert.Equal(("23503", null), (orphan!.SqlState, ((StatementFailed)orphan).Statement));
        Assert.Equal(0L, await _broker.AskDirectlyAsync<long>("select count(*) from child where id = 99"));
    }

    [Fact]
    public async Task A_flush_of_many_rows_shares_a_trip_and_one_that_meets_a_stale_row_fails_with_all_of_them_named()
    {
        const string Add = """
            with input as materialized (select u.* from unnest($1::int4[], $2::text[]) with ordinality as u(id, note, ord)),
                written as (insert into kept (id, note) select id, note from input returning id)
            select input.ord, written.id from written join input on input.id = written.id order by input.ord
            """;
        const string Change = """
            with input as materialized (select u.* from unnest($1::int4[], $2::text[], $3::text[]) with ordinality as u(id, old, new, ord)),
                written as (update kept t set note = input.new from input where t.id = input.id and t.note = input.old returning input.ord)
            select case when (select count(*) from written) < (select count(*) from input)
                then ('broker stale ' || (select string_agg(i.ord::text, ',' order by i.ord) from input i where i.ord not in (select w.ord from written w)))::int8 end
            """;
        RunErrand Flush(int id, string old = "a") => _broker.Client.Unit(
            Statement.Of(Add, new[] { id, id + 1, id + 2 }, new[] { "a", old, old }),
            Statement.Of(Change, new[] { id, id + 1, id + 2 }, new[] { "a", "a", "a" }, new[] { "b", "b", "b" }));
        await _broker.WarmAsync(i => Flush(1000 + (10 * i)));
        var (outcomes, trips) = await _broker.PackAsync(Flush(1), Flush(11));
        Assert.Equal([("write_group", 2)], trips);
        Assert.Equal(["[1,1][2,2][3,3] [NULL]", "[1,11][2,12][3,13] [NULL]"], outcomes.Select(outcome => outcome.Rows));
        (outcomes, trips) = await _broker.PackAsync(Flush(21), Flush(31, "stale"), Flush(41));
        Assert.Contains(("write_group", 3), trips);
        var failure = Assert.IsType<StatementFailed>(outcomes[1].Failure);
        Assert.Equal(("22P02", 1), (failure.SqlState, failure.Statement));
        Assert.Contains("broker stale 2,3", failure.Message, StringComparison.Ordinal);
        Assert.All((int[])[0, 2], i => Assert.Null(outcomes[i].Failure));
        Assert.Equal("1 2 3 11 12 13 21 22 23 41 42 43",
            await _broker.AskDirectlyAsync<string>(
                "select string_agg(id::text, ' ' order by id) from kept where id < 1000 and note = 'b'"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task The_result_limit_is_over_all_statements_of_a_unit()
    {
        var modest = _broker.Client.With(new ErrandLimits(ResultBytes: 1000));
        await WarmAsync();
        const string Half = "select repeat('x', 600)";
        Assert.Null((await modest.SendAsync(modest.One(new Statement(Half)))).Failure);
        Assert.Null((await modest.SendAsync(modest.Unit(Half, "select 1"))).Failure);
        Assert.IsType<ResultTooLarge>((await modest.SendAsync(modest.Unit(Half, "select 1", Half, "select 2"))).Failure);
        Assert.IsType<ResultTooLarge>((await modest.SendAsync(modest.Unit("select repeat('x', 1200)", "select 1"))).Failure);
        var (outcomes, trips) = await _broker.PackAsync(Pair(1), Pair(3));
        Assert.Equal([("write_group", 2)], trips);
        Assert.Equal(["[1] [2]", "[3] [4]"], outcomes.Select(outcome => outcome.Rows));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_value_that_cannot_be_sent_or_a_text_that_needs_a_session_is_refused_before_anything_is_sent()
    {
        await WarmAsync();
        var (outcomes, _) = await _broker.PackAsync(Pair(1),
            _broker.Client.Unit(Insert(3), new Statement("insert into kept values (4, $1)", [new Parameter<string>("a\0b")])),
            _broker.Client.Unit(Insert(5), new Statement("commit")),
                _broker.Client.Unit(Insert(6), new Statement("insert into kept values ($1)")));
        Assert.Null(outcomes[0].Failure);
        Assert.IsType<ParameterRefused>(outcomes[1].Failure);
        Assert.IsType<StatementRefused>(outcomes[2].Failure);
        Assert.IsType<ParameterRefused>(outcomes[3].Failure);
        var keyed = _broker.Client.WithIdempotencyKey("k");
        Assert.IsType<KeyRefused>((await keyed.SendAsync(keyed.Unit(Insert(7)))).Failure);
        Assert.Equal(2L, await _broker.AskDirectlyAsync<long>("select count(*) from kept where id < 100"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_unit_that_is_cancelled_while_it_runs_alone_has_no_effect_and_one_in_a_group_hears_its_true_outcome()
    {
        var unit = _broker.Client.Unit(Insert(1), new Statement("select 1 from pg_sleep(60)"));
        var told = _broker.Client.SendAsync(unit);
        await _broker.UntilDirectlyAsync(
            "select exists (select from pg_stat_activity where query like 'select 1 from pg_sleep%' and wait_event = 'PgSleep')");
        await _broker.Client.CancelAsync(unit.Id);
        Assert.IsType<Cancelled>((await told).Failure);
        Assert.Equal(0L, await CountAsync());

        await WarmAsync();
        RunErrand Slow(int id) =>
            _broker.Client.Unit(Statement.Of("insert into kept select $1 from pg_sleep($2) returning id", id, id == 9001 ? 2.0 : 0.0),
                Insert(id + 1));
        await _broker.WarmAsync(i => Slow(2000 + (2 * i)));
        var first = Slow(9001);
        var packing = _broker.PackAsync(first, Pair(9003));
        await _broker.UntilDirectlyAsync(
            "select exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())");
        await _broker.Client.CancelAsync(first.Id);
        var (outcomes, trips) = await packing;
        Assert.Equal([("write_group", 2)], trips);
        Assert.Equal(["[9001] [9002]", "[9003] [9004]"], outcomes.Select(outcome => outcome.Rows));
    }

    private static Statement Insert(int id) => Statement.Of("insert into kept values ($1) returning id", id);

    private RunErrand One(int id) => _broker.Client.One(Insert(id));

    private RunErrand Framed(int id) => _broker.Client.Unit(Insert(id));

    private RunErrand Pair(int id) => _broker.Client.Unit(Insert(id), Insert(id + 1));

    private async Task WarmAsync()
    {
        await _broker.WarmAsync(i => One(100_000 + i));
        await _broker.WarmAsync(i => Framed(200_000 + i));
        await _broker.WarmAsync(i => Pair(300_000 + (2 * i)));
    }

    private Task<long> CountAsync() => _broker.AskDirectlyAsync<long>("select count(*) from kept");

    private Task<long> DistinctTransactionsAsync(string condition = "true") =>
        _broker.AskDirectlyAsync<long>($"select count(distinct xmin::text) from kept where {condition}");
}
