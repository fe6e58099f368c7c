using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>Contexts ride behind BEGIN, only equal ones share a trip, and nothing of one remains.</summary>
public sealed class ContextTests : IAsyncLifetime
{
    private readonly string _role = $"tenant_{Guid.NewGuid():N}";
    private PackingBroker _broker = null!;

    public async Task InitializeAsync() => _broker = await PackingBroker.StartAsync($"""
        create role {_role};
        create schema one;
        create schema two;
        create table one.named as select 1 as id;
        create table two.named as select 'two' as id, now() as at;
        create table named as select true as id;
        grant usage on schema one to {_role};
        grant select on all tables in schema one to {_role};
        """);

    public async Task DisposeAsync() => await _broker.DisposeAsync();

    [Fact]
    public async Task Equal_contexts_share_a_trip_and_others_never_do()
    {
        CallerContext[] contexts = [CallerContext.None, App("one"), App("two"), new(SearchPath: "one"), new(Role: _role),
            new(StatementTimeout: TimeSpan.FromSeconds(9))];
        var callers = contexts.Select(context => _broker.Client.With(context)).ToArray();
        foreach (var caller in callers)
        {
            await _broker.WarmAsync(_ => new("select now()"), caller);
        }
        var (answers,
            trips) = await _broker.PackAsync([.. Enumerable.Range(0, 12).Select(i => (callers[i % 6], new Statement("select now()")))]);
        Assert.Equal(Enumerable.Repeat(("read_group", 2), 6), trips);
        Assert.Equal(6, answers.Select(answer => answer.Rows).Distinct().Count());
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(answers[i].Rows, answers[i + 6].Rows));
    }

    [Fact]
    public async Task Each_statement_runs_as_its_context_says_and_leaves_nothing_for_the_next()
    {
        const string Text = "select current_user::text, current_setting('search_path'), current_setting('statement_timeout'), current_setting('app.tenant', true)";
        var everything =
            _broker.Client.With(App("mine") with { Role = _role, SearchPath = "one, two", StatementTimeout = TimeSpan.FromSeconds(5) });
        for (var round = 0; round < 4; round++)
        {
            var answers = await _broker.TogetherAsync((everything, new(Text)), (_broker.Client, new(Text)), (everything, new(Text)),
                (_broker.Client, new(Text)));
            Assert.All((int[])[0, 2], i => Assert.Equal($"[{_role},one, two,5s,mine]", answers[i].Rows));
            Assert.All((int[])[1, 3],
                i =>
                    Assert.Contains(answers[i].Rows, (string[])["[postgres,\"$user\", public,0,NULL]", "[postgres,\"$user\", public,0,]"]));
        }
        await _broker.AssertWholeAsync();
    }

    [Fact]
    public async Task A_name_means_what_the_callers_search_path_makes_of_it_also_when_it_is_prepared()
    {
        const string Text = "select * from named";
        var (one, two) = (_broker.Client.With(new CallerContext(SearchPath: "one")),
            _broker.Client.With(new CallerContext(SearchPath: "two")));
        for (var round = 0; round < 8; round++)
        {
            var answers = await _broker.TogetherAsync((_broker.Client, new(Text)), (one, new(Text)), (two, new(Text)), (one, new(Text)),
                (two, new(Text)), (_broker.Client, new(Text)));
            Assert.Equal(["[True]", "[1]", "[two", "[1]", "[two", "[True]"], answers.Select(answer => answer.Rows.Split(',')[0]));
        }
        await _broker.AssertWholeAsync();
        Assert.Equal(0, _broker.Counted("broker.connection.closed"));
    }

    [Fact]
    public async Task A_context_that_the_server_refuses_fails_its_callers_only()
    {
        var refused = _broker.Client.With(new CallerContext(Role: "nobody_at_all"));
        await _broker.WarmAsync("select 1");
        for (var round = 0; round < 3; round++)
        {
            var answers = await _broker.TogetherAsync((refused, new("select 1")), (_broker.Client, new("select 1")),
                (refused, new("select 1")), (_broker.Client, new("select 1")));
            Assert.Equal(["22023", "", "22023", ""], answers.Select(answer => answer.SqlState));
            await _broker.AssertWholeAsync();
        }
    }

    [Fact]
    public async Task A_statement_timeout_ends_only_the_statements_of_its_context_and_their_companions_run_again()
    {
        const string Text = "select count(*) from generate_series(1, $1::bigint)";
        var hasty = _broker.Client.With(new CallerContext(StatementTimeout: TimeSpan.FromMilliseconds(500)));
        await _broker.WarmAsync(_ => Statement.Of(Text, 1L), hasty);
        var answers = await _broker.TogetherAsync((hasty, Statement.Of(Text, 1L)), (hasty, Statement.Of(Text, 100_000_000L)),
            (hasty, Statement.Of(Text, 2L)));
        Assert.Equal(["[1]", "", "[2]"], answers.Select(answer => answer.Rows));
        Assert.Equal("57014", answers[1].SqlState);
        await _broker.AssertWholeAsync();
    }

    private static CallerContext App(string tenant) => new() { Settings = CallerContext.None.Settings.Add("app.tenant", tenant) };
}
