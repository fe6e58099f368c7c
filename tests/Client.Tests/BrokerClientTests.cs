using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests;

public sealed class BrokerClientTests : ScriptedBroker
{
    [Fact]
    public async Task A_statement_goes_to_the_pool_with_its_values_as_parameters_and_answers_the_rows_it_changed()
    {
        var running = Client.ExecuteAsync("orders", $"update t set a = {5} where b = {"x"}");
        var errand = await NextErrand();
        Pool.Reply(Changed(3));
        Assert.Equal(3, await running);
        Assert.Equal("update t set a = $1 where b = $2", errand.Statement.Text);
        Assert.Equal(5, Assert.IsType<Parameter<int>>(errand.Statement.Parameters[0]).Value);
        Assert.Equal("x", Assert.IsType<Parameter<string>>(errand.Statement.Parameters[1]).Value);
        Assert.True(errand.Context.IsEmpty);
        Assert.Same(ErrandLimits.Default, errand.Limits);
    }

    [Fact]
    public async Task A_positional_statement_is_sent_as_it_is_written()
    {
        var running = Client.ExecuteAsync("orders", "update t set a = $1 where b = $2", 5, Parameter.Null<string>());
        var errand = await NextErrand();
        Pool.Reply(Changed(0));
        Assert.Equal(0, await running);
        Assert.Equal("update t set a = $1 where b = $2", errand.Statement.Text);
        Assert.Equal(5, Assert.IsType<Parameter<int>>(errand.Statement.Parameters[0]).Value);
        Assert.Same(Parameter.Null<string>(), errand.Statement.Parameters[1]);
    }

    [Fact]
    public async Task An_interpolated_string_without_holes_is_one_statement_without_parameters()
    {
        var running = Client.QuerySingleAsync<int>("orders", $"select 1");
        var errand = await NextErrand();
        Pool.Reply(Selected(Column("a", "integer", 1)));
        Assert.Equal(1, await running);
        Assert.Equal("select 1", errand.Statement.Text);
        Assert.Empty(errand.Statement.Parameters);
    }

    [Fact]
    public async Task A_constant_in_a_hole_is_a_parameter_like_any_value()
    {
        const string Name = "x' or true --";
        var running = Client.QueryAsync<int>("orders", $"select a from t where name = {Name}");
        var errand = await NextErrand();
        Pool.Reply(Selected(Column<int>("a", "integer")));
        Assert.Empty(await running);
        Assert.Equal("select a from t where name = $1", errand.Statement.Text);
    }

    [Fact]
    public async Task Rows_are_read_in_order()
    {
        var running = Client.QueryAsync<int>("orders", "select a from t");
        await NextErrand();
        Pool.Reply(Selected(Column("a", "integer", 3, 1, 2)));
        Assert.Equal([3, 1, 2], await running);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Not_exactly_one_row_is_a_mismatch_that_says_how_many(int count)
    {
        var running = Client.QuerySingleAsync<int>("orders", "select a from t");
        await NextErrand();
        Pool.Reply(Selected(Column("a", "integer", new int[count])));
        var failure = await FailsWith<ResultMismatch>(async () => await running);
        Assert.Equal($"exactly one row was asked for, the statement answered {count}", failure.Message);
    }

    [Fact]
    public async Task No_row_is_the_default_when_one_or_none_was_asked_for()
    {
        var number = Client.QuerySingleOrDefaultAsync<int?>("orders", "select a from t");
        await NextErrand();
        Pool.Reply(Selected(Column<int>("a", "integer")));
        Assert.Null(await number);

        var several = Client.QuerySingleOrDefaultAsync<int>("orders", "select a from t");
        await NextErrand();
        Pool.Reply(Selected(Column("a", "integer", 1, 2)));
        Assert.Contains("at most one row", (await FailsWith<ResultMismatch>(async () => await several)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_thrown_with_its_failure_and_its_SQLSTATE()
    {
        var running = Client.ExecuteAsync("orders", "insert into t values (1)");
        await NextErrand();
        Pool.Reply(new Refused(new StatementFailed("23505", "duplicate key") { Constraint = "t_pkey" }));
        var thrown = await Assert.ThrowsAsync<BrokerException>(async () => await running);
        Assert.Equal("t_pkey", Assert.IsType<StatementFailed>(thrown.Failure).Constraint);
        Assert.Equal(("23505", false, true), (thrown.SqlState, thrown.IsTransient, thrown.SafeToRetry));
    }

    [Fact]
    public async Task An_unknown_database_is_named_and_is_asked_for_again_each_time()
    {
        for (var i = 0; i < 2; i++)
        {
            var failure = await FailsWith<UnknownDatabase>(async () => await Client.ExecuteAsync("order", "select 1"));
            Assert.Equal(("order", "orders"), (failure.Database, failure.Nearest));
        }

        Assert.Equal(2, await Supervisor.Ask<int>("asked", TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_pool_that_was_found_is_not_asked_for_again()
    {
        for (var i = 0; i < 3; i++)
        {
            var running = Client.ExecuteAsync("orders", "select 1");
            await NextErrand();
            Pool.Reply(Changed(1));
            await running;
        }

        Assert.Equal(1, await Supervisor.Ask<int>("asked", TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_view_carries_its_context_limits_and_key_and_leaves_the_client_as_it_was()
    {
        var context = new CallerContext(Role: "auditor");
        _ = Client.With(context).With(new ErrandLimits(ResultBytes: 10)).WithIdempotencyKey("k").ExecuteAsync("orders", "select 1")
            .AsTask();
        var errand = await NextErrand();
        Pool.Reply(Changed(1));
        Assert.Equal((context, 10, "k"), (errand.Context, errand.Limits.ResultBytes, errand.Limits.IdempotencyKey));

        _ = Client.ExecuteAsync("orders", "select 1").AsTask();
        Assert.True((await NextErrand()).Context.IsEmpty);
    }

    [Fact]
    public async Task Every_errand_has_an_id_of_its_own_also_among_views()
    {
        _ = Client.ExecuteAsync("orders", "select 1").AsTask();
        _ = Client.With(new CallerContext(Role: "r")).ExecuteAsync("orders", "select 1").AsTask();
        var (first, second) = (await NextErrand(), await NextErrand());
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(first.Id.Client, second.Id.Client);
    }

    [Fact]
    public async Task Another_user_has_a_pool_of_its_own()
    {
        _ = Client.ExecuteAsync("orders", "select 1").AsTask();
        await NextErrand();
        _ = Client.As("auditor").ExecuteAsync("orders", "select 1").AsTask();
        await NextErrand();
        Assert.Equal(2, await Supervisor.Ask<int>("asked", TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_token_that_has_fired_already_sends_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Client.ExecuteAsync("orders", $"select 1", cancelled));
        await Pool.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task Cancelling_tells_the_pool_and_ends_when_the_pool_has_answered()
    {
        using var caller = new CancellationTokenSource();
        var running = Client.ExecuteAsync("orders", $"select pg_sleep(1)", caller.Token).AsTask();
        var errand = await NextErrand();
        var waiting = Pool.LastSender;
        await caller.CancelAsync();
        Assert.Equal(errand.Id, (await Pool.ExpectMsgAsync<CancelErrand>()).Id);
        Assert.False(running.IsCompleted);

        waiting.Tell(new Refused(new Cancelled("in line")));
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(caller.Token, thrown.CancellationToken);
        Assert.IsType<Cancelled>(Assert.IsType<BrokerException>(thrown.InnerException).Failure);
    }

    [Fact]
    public async Task A_write_that_took_effect_although_it_was_cancelled_answers_its_true_outcome()
    {
        using var caller = new CancellationTokenSource();
        var running = Client.ExecuteAsync("orders", $"update t set a = 1", caller.Token);
        await NextErrand();
        var waiting = Pool.LastSender;
        await caller.CancelAsync();
        await Pool.ExpectMsgAsync<CancelErrand>();
        waiting.Tell(Changed(1));
        Assert.Equal(1, await running);
    }

    [Fact]
    public async Task Cancelled_by_the_server_and_not_by_the_caller_is_a_failure()
    {
        using var caller = new CancellationTokenSource();
        var running = Client.ExecuteAsync("orders", $"select 1", caller.Token);
        await NextErrand();
        Pool.Reply(new Refused(new Cancelled("on the server")));
        await FailsWith<Cancelled>(async () => await running);
    }

    [Fact]
    public async Task A_token_that_fires_after_the_answer_tells_the_pool_nothing()
    {
        using var caller = new CancellationTokenSource();
        var running = Client.ExecuteAsync("orders", $"select 1", caller.Token);
        await NextErrand();
        Pool.Reply(Changed(1));
        await running;
        await caller.CancelAsync();
        await Pool.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_parameter_that_cannot_be_sent_is_refused_before_anything_is_sent()
    {
        var failure =
            await FailsWith<ParameterRefused>(async () => await Client.ExecuteAsync("orders", $"select {1}, {new Uri("http://x")}"));
        Assert.Equal((2, "Uri"), (failure.Position, failure.TypeName));
        await Pool.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task Status_invalidate_suspend_and_resume_go_to_the_pool()
    {
        var status = Client.GetStatusAsync("orders");
        await Pool.ExpectMsgAsync<GetPoolStatus>();
        var answer = new PoolStatus(Orders, 5, 10, 0, 1, 2, 3, 4, 5, TimeSpan.Zero, 7, false, null, []);
        Pool.Reply(answer);
        Assert.Same(answer, await status);

        var invalidated = Client.InvalidateAsync("orders", hard: true);
        Assert.True((await Pool.ExpectMsgAsync<InvalidatePool>()).Hard);
        Pool.Reply(new PoolInvalidated(8));
        Assert.Equal(8, await invalidated);

        var suspended = Client.SuspendAsync("orders");
        await Pool.ExpectMsgAsync<SuspendPool>();
        Pool.Reply(new PoolSuspended(Orders));
        await suspended;

        var resumed = Client.ResumeAsync("orders");
        await Pool.ExpectMsgAsync<ResumePool>();
        Pool.Reply(new PoolResumed(Orders));
        await resumed;
    }
}
