using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Tests.Errands.Server;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Errands.Barriers;

/// <summary>`packing.writes = barrier` on a real server.</summary>
public sealed class BarrierTests : IAsyncLifetime
{
    private const string Insert = "insert into kept values ($1, $2)";
    private const string InsertFatal = "insert into kept values (fatal($1), $2)";

    private const string Schema = """
        create table kept (id int primary key, note text);
        create table once (id int unique deferrable initially deferred);
        create sequence deaths;
        create function fatal(n int) returns int language plpgsql as $$ begin
            if n = 3 then perform nextval('deaths'); perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(60); end if;
            return n; end $$;
        """;

    private PackingBroker _broker = null!;

    public async Task InitializeAsync() =>
        _broker = await PackingBroker.StartAsync(Schema, "broker.packing { writes = barrier, trust.functions = [\"public.fatal\"] }");

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task Writes_share_a_round_trip_and_each_is_a_transaction_of_its_own()
    {
        await WarmAsync(Insert);

        var (answers, trips) = await PackAsync(Insert, 1, 2, 3, 4);

        Assert.Equal([("barrier", 4)], trips);
        Assert.All(answers, answer => Assert.Equal(new Answer("", 1, ""), answer));
        Assert.Equal(4L, await _broker.AskDirectlyAsync<long>("select count(distinct xmin::text) from kept where id < 5"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task The_one_that_fails_is_told_and_its_neighbours_are_committed_without_running_again()
    {
        await WarmAsync(Insert);
        await _broker.DirectlyAsync("insert into kept values (2, 'there')");

        var (answers, trips) = await PackAsync(Insert, 1, 2, 3);

        Assert.Equal([("barrier", 3)], trips);
        Assert.Equal(["", "23505", ""], answers.Select(answer => answer.SqlState));
        Assert.Equal("1 3",
            await _broker.AskDirectlyAsync<string>("select string_agg(id::text, ' ' order by id) from kept where note = 'g'"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_constraint_that_fails_at_its_commit_is_told_to_its_own_statement()
    {
        await WarmAsync(Insert);
        await _broker.WarmAsync(n => Statement.Of("insert into once values ($1)", n + 100));
        await _broker.DirectlyAsync("insert into once values (1)");

        var (answers, trips) = await _broker.PackAsync(
            (_broker.Client, Statement.Of(Insert, 1, "g")), (_broker.Client, Statement.Of("insert into once values ($1)", 1)),
                (_broker.Client, Statement.Of(Insert, 2, "g")));

        Assert.Equal([("barrier", 3)], trips);
        Assert.Equal(["", "23505", ""], answers.Select(answer => answer.SqlState));
        Assert.Equal(2L, await _broker.AskDirectlyAsync<long>("select count(*) from kept where note = 'g'"));
    }

    [Fact]
    public async Task One_that_waits_for_a_lock_delays_no_neighbour_and_runs_when_the_lock_is_gone()
    {
        await WarmAsync(Insert);
        await using var holder = await _broker.Server.OpenConnectionAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var take = new Npgsql.NpgsqlCommand("insert into kept values (2, 'held')", holder, transaction))
        {
            await take.ExecuteNonQueryAsync();
        }

        var answers =
            await _broker.StartTogetherAsync([.. new[] { 1, 2, 3 }.Select(id => (_broker.Client, Statement.Of(Insert, id, "g")))]);

        Assert.Equal("", (await answers[0]).SqlState);
        Assert.Equal("", (await answers[2]).SqlState);
        Assert.False(answers[1].IsCompleted);
        await transaction.RollbackAsync();
        Assert.Equal("", (await answers[1]).SqlState);
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task What_comes_behind_a_trip_has_the_sessions_own_lock_timeout()
    {
        await WarmAsync(Insert);
        await _broker.DirectlyAsync("insert into kept values (2, 'there')");

        await PackAsync(Insert, 1, 2, 3);

        var answers = await _broker.TogetherAsync([.. Enumerable.Range(0, 3)
            .Select(_ => new Statement("select current_setting('lock_timeout'), pg_sleep(0)"))]);
        Assert.All(answers, answer => Assert.StartsWith("[0,", answer.Rows, StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_its_server_process_ends_those_before_are_committed_it_is_unknown_and_those_behind_run_once()
    {
        await WarmAsync(InsertFatal);

        var (answers, _) = await PackAsync(InsertFatal, 1, 2, 3, 4);

        Assert.Equal(["", "", "", ""], [answers[0].SqlState, answers[1].SqlState, "", answers[3].SqlState]);
        Assert.False(Assert.IsType<OutcomeUnknown>(answers[2].Failure).SafeToRetry);
        Assert.Equal("1 2 4",
            await _broker.AskDirectlyAsync<string>("select string_agg(id::text, ' ' order by id) from kept where note = 'g'"));
        Assert.Equal(1L, await _broker.AskDirectlyAsync<long>("select last_value from deaths"));
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task When_the_connection_is_lost_without_a_word_only_what_a_later_answer_proves_is_told_and_nothing_runs_again()
    {
        await using var proxy = CuttingProxy.For(_broker.ConnectionString, Cut.AtInsert);
        await using var broker = PackingBroker.StartOn(proxy.ConnectionString,
            "broker.packing.writes = barrier\nbroker.errands.statements-prepared = 0");
        await broker.WarmAsync(n => Statement.Of(Insert, n + 100, "w"));

        proxy.ArmAt(3);
        var answers = await broker.TogetherAsync([.. Enumerable.Range(1, 4).Select(id => Statement.Of(Insert, id, "g"))]);

        Assert.Equal("", answers[0].SqlState);
        Assert.All(answers.Skip(1), answer => Assert.False(Assert.IsType<OutcomeUnknown>(answer.Failure).SafeToRetry));
        Assert.Equal("1 2 3 4",
            await _broker.AskDirectlyAsync<string>("select string_agg(id::text, ' ' order by id) from kept where note = 'g'"));
        await broker.AssertWholeAsync();
    }

    [Fact]
    public async Task Writes_that_return_rows_or_have_a_context_do_not_travel_so()
    {
        const string Returning = Insert + " returning id";
        await WarmAsync(Insert);

        var (answers, trips) = await PackAsync(Returning, 1, 2, 3);
        Assert.Equal(["[1]", "[2]", "[3]"], answers.Select(answer => answer.Rows));
        Assert.All(trips, trip => Assert.Equal(("alone", 1), trip));

        var caller = _broker.Client.With(new CallerContext(StatementTimeout: TimeSpan.FromSeconds(5)));
        (_, trips) = await _broker.PackAsync([.. new[] { 4, 5 }.Select(id => (caller, Statement.Of(Insert, id, "g")))]);
        Assert.All(trips, trip => Assert.Equal(("alone", 1), trip));
    }

    private Task WarmAsync(string text) => _broker.WarmAsync(n => Statement.Of(text, n + 100, "w"));

    private Task<(Answer[] Answers, (string Shape, int Members)[] Trips)> PackAsync(string text, params int[] ids) =>
        _broker.PackAsync([.. ids.Select(id => (_broker.Client, Statement.Of(text, id, "g")))]);
}
