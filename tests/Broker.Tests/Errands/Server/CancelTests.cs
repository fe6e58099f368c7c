using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Pools.Server;
using Broker.Tests.Settlement;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>Cancellation and deadlines of errands, through the embedded broker on a real server.</summary>
public sealed class CancelTests : IAsyncLifetime
{
    private string _server = "";
    private NpgsqlConnection _sql = null!;

    public async Task InitializeAsync()
    {
        _server = await Broker.Postgres.SharedPostgres.CreateDatabaseAsync();
        _sql = await Sql.OpenAsync(_server);
        await _sql.RunAsync("create table kept (id int primary key, note text)");
    }

    public async Task DisposeAsync() => await _sql.DisposeAsync();

    [Fact]
    public async Task One_that_is_cancelled_in_line_leaves_it_and_those_behind_keep_their_order()
    {
        await using var broker = Embedded.Start(_server, "size = 1, overflow = 0");
        await broker.Client.SuspendAsync("orders");
        using var cancel = new CancellationTokenSource();
        var first = broker.Client.ExecuteAsync("orders", $"insert into kept values (1)").AsTask();
        var second = broker.Client.ExecuteAsync("orders", $"insert into kept values (2)", cancel.Token).AsTask();
        var third = broker.Client.ExecuteAsync("orders", $"insert into kept values (3)").AsTask();
        await broker.UntilAsync(status => status.WaitingErrands == 3);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal(2, (await broker.StatusAsync()).WaitingErrands);
        await broker.Client.ResumeAsync("orders");
        await Task.WhenAll(first, third);

        Assert.Equal("1 3", await _sql.ScalarAsync("select string_agg(id::text, ' ' order by ctid) from kept"));
    }

    [Theory]
    [InlineData("off")]
    [InlineData("on")]
    public async Task A_lone_statement_is_cancelled_on_the_server_without_effect_and_nobody_else_hears_of_it(string settle)
    {
        await using var broker = Embedded.Start(_server, "size = 1, overflow = 0", more: $"broker.errands.settle = {settle}");
        for (var round = 0; round < 5; round++)
        {
            using var cancel = new CancellationTokenSource();
            var sleeping = broker.Client.ExecuteAsync("orders", $"insert into kept select 1 from pg_sleep(60)", cancel.Token).AsTask();
            var asleep = _sql.UntilAsync("count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'");
            // One that fails before it sleeps says why.
            await await Task.WhenAny(asleep, sleeping);
            await cancel.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping);
            var next = await Task.WhenAll(Enumerable.Range(1, 4)
                .Select(n => broker.Client.QuerySingleAsync<int>("orders", $"select {n}").AsTask()));
            Assert.Equal([1, 2, 3, 4], next);
        }
        Assert.Equal(0L, await _sql.ScalarAsync("select count(*) from kept"));
        Assert.Equal(0, (await broker.StatusAsync()).Opening);
    }

    [Fact]
    public async Task A_cancel_that_comes_while_a_statement_is_being_sent_is_not_lost()
    {
        await using var broker = Embedded.Start(_server, "size = 1, overflow = 0");
        for (var round = 0; round < 8; round++)
        {
            using var cancel = new CancellationTokenSource();
            var sleeping = broker.Client.QueryAsync<string>("orders", $"select pg_sleep(60)::text", cancel.Token).AsTask();
            await broker.UntilAsync(status => status.Busy == 1);
            await cancel.CancelAsync();

            // A server too busy to answer within Npgsql's own limit for a cancel costs the connection; what must not happen is that the
            // sleep goes on.
            var ended = await Assert.ThrowsAnyAsync<Exception>(() => sleeping);
            Assert.True(ended is OperationCanceledException or BrokerException { Failure: OutcomeUnknown }, ended.ToString());
        }
    }

    [Fact]
    public async Task The_servers_own_57014_is_not_taken_for_the_callers_cancel()
    {
        await using var broker = Embedded.Start(_server);
        var short_ = broker.Client.With(new CallerContext(StatementTimeout: TimeSpan.FromMilliseconds(30)));

        var failure = await FailureOf(short_.QueryAsync<string>("orders", $"select pg_sleep(60)::text"));

        Assert.Contains("statement timeout", Assert.IsType<StatementFailed>(failure).Message, StringComparison.Ordinal);
        Assert.Equal("57014", failure.SqlState);
        Assert.Equal("0", await broker.Client.QuerySingleAsync<string>("orders", $"select current_setting('statement_timeout')"));
    }

    [Fact]
    public async Task One_that_waited_in_line_for_as_long_as_it_may_is_told_so_with_figures()
    {
        await using var broker = Embedded.Start(_server, "size = 1, overflow = 0");
        await broker.Client.SuspendAsync("orders");
        var patient = broker.Client.QuerySingleAsync<int>("orders", $"select 1").AsTask();

        var failure = await FailureOf(broker.Client.With(new ErrandLimits(Wait: TimeSpan.FromMilliseconds(30)))
            .QuerySingleAsync<int>("orders", $"select 2"));

        Assert.True(Assert.IsType<PoolExhausted>(failure).Waited >= TimeSpan.FromMilliseconds(30));
        Assert.True(failure.SafeToRetry);
        await broker.Client.ResumeAsync("orders");
        Assert.Equal(1, await patient);
    }

    [Fact]
    public async Task A_read_cancelled_in_a_group_hears_so_and_its_companions_get_their_answers()
    {
        const string Read = "select sum(a.n * b.n)::text from generate_series(1, $1) a(n), generate_series(1, $1) b(n)";
        await using var broker = await PackingBroker.StartAsync();
        await broker.WarmAsync(_ => Statement.Of(Read, 1));
        using var cancel = new CancellationTokenSource();

        var companions = await StartSlowGroupAsync(broker, Read, cancel.Token);
        await broker.UntilDirectlyAsync("select count(*) = 1 from pg_stat_activity where datname = current_database() and state = 'active' and query like '%select sum(a.n%' and pid <> pg_backend_pid()");
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => companions.Cancelled);
        Assert.All(await companions.Others, answer => Assert.Equal("", answer.SqlState));
    }

    [Fact]
    public async Task A_write_cancelled_in_a_group_hears_its_true_outcome()
    {
        const string Write =
            "insert into kept values ($1, (select sum(a.n * b.n)::text from generate_series(1, $2) a(n), generate_series(1, $2) b(n)))";
        await using var broker = await PackingBroker.StartAsync("create table kept (id int primary key, note text)");
        await broker.WarmAsync(n => Statement.Of(Write, n + 100, 1));
        using var cancel = new CancellationTokenSource();

        await broker.Client.SuspendAsync(PackingBroker.Pool);
        var mine = broker.Client.ExecuteAsync(PackingBroker.Pool, Statement.Of(Write, 1, 5000), cancel.Token).AsTask();
        var other = broker.Client.ExecuteAsync(PackingBroker.Pool, Statement.Of(Write, 2, 1)).AsTask();
        await broker.UntilAsync(status => status.WaitingErrands == 2);
        await broker.Client.ResumeAsync(PackingBroker.Pool);
        await broker.UntilDirectlyAsync(
            "select count(*) = 1 from pg_stat_activity where datname = current_database() and state = 'active' and query like 'insert%'");
        await cancel.CancelAsync();

        Assert.Equal((1, 1), (await mine, await other));
        Assert.Equal(1L, await broker.AskDirectlyAsync<long>("select count(distinct xmin::text) from kept where id < 3"));
    }

    private static async Task<(Task Cancelled, Task<Answer[]> Others)> StartSlowGroupAsync(PackingBroker broker, string text,
        CancellationToken cancel)
    {
        await broker.Client.SuspendAsync(PackingBroker.Pool, CancellationToken.None);
        var cancelled = broker.Client.QuerySingleAsync<string>(PackingBroker.Pool, Statement.Of(text, 5000), cancel).AsTask();
        var others = Task.WhenAll(Enumerable.Range(1, 3).Select(_ => broker.RunAsync(text, 1)));
        await broker.UntilAsync(status => status.WaitingErrands == 4);
        await broker.Client.ResumeAsync(PackingBroker.Pool, CancellationToken.None);
        return (cancelled, others);
    }

    private static async Task<Failure> FailureOf<T>(ValueTask<T> call) =>
        (await Assert.ThrowsAsync<BrokerException>(async () => await call)).Failure;
}
