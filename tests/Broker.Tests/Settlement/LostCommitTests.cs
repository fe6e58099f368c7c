using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Postgres;
using Broker.Tests.Pools.Server;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Settlement;

/// <summary>
/// Single writes, keyed writes and groups whose connection is lost: the server process killed in the statement, killed in the COMMIT, or
/// the way cut on either side of it. What the caller is told must be what is in the table.
/// </summary>
public sealed class LostCommitTests : IAsyncLifetime
{
    private const string Keys = "broker.errands.ledger.table = keys_seen";
    private const string Settle = "broker.errands.settle = on";
    private const string Insert = "insert into effects values ($1, $2)";
    private const string Unprepared = "\nbroker.errands.statements-prepared = 0";

    private string _server = "";
    private NpgsqlConnection _sql = null!;

    public async Task InitializeAsync()
    {
        _server = await SharedPostgres.CreateDatabaseAsync();
        _sql = await Sql.OpenAsync(_server);
        await _sql.RunAsync("create table effects (id int primary key, note text)");
    }

    public async Task DisposeAsync()
    {
        await _sql.DisposeAsync();
        await SharedPostgres.ReturnDatabaseAsync(_server);
    }

    [Fact]
    public async Task A_single_write_whose_server_process_is_killed_has_an_unknown_outcome_and_is_not_safe_to_retry()
    {
        await using var broker = Embedded.Start(_server);

        var failure = await KilledInTheStatementAsync(broker.Client);

        Assert.IsType<OutcomeUnknown>(failure);
        Assert.False(failure.SafeToRetry);
    }

    [Fact]
    public async Task With_settle_on_it_is_settled_that_nothing_took_effect_and_it_is_not_run_again()
    {
        await using var broker = Embedded.Start(_server, more: Settle);

        var failure = await KilledInTheStatementAsync(broker.Client);

        Assert.Contains("settled that nothing took effect", Assert.IsType<ConnectionLost>(failure).Message, StringComparison.Ordinal);
        Assert.True(failure.SafeToRetry);
        Assert.Equal(0L, await CountAsync());
    }

    [Fact]
    public async Task With_settle_on_so_is_a_write_that_may_not_share_a_trip()
    {
        await _sql.RunAsync("create function quiet() returns trigger language plpgsql as 'begin return new; end'; create trigger quiet before insert on effects for each row execute function quiet()");
        await using var broker = Embedded.Start(_server, more: Settle);
        await broker.Client.ExecuteAsync("orders", $"insert into effects values ({99})");
        await broker.Client.ExecuteAsync("orders", $"delete from effects");

        Assert.IsType<ConnectionLost>(await KilledInTheStatementAsync(broker.Client));
    }

    [Fact]
    public async Task With_a_key_nothing_took_effect_and_the_key_is_free()
    {
        await using var broker = Embedded.Start(_server, more: Keys);
        var keyed = broker.Client.WithIdempotencyKey("k");

        var failure = await KilledInTheStatementAsync(keyed);

        Assert.Contains("nothing of the statement took effect", Assert.IsType<ConnectionLost>(failure).Message, StringComparison.Ordinal);
        Assert.Equal(1, await keyed.ExecuteAsync("orders", $"insert into effects values ({1})"));
    }

    [Fact]
    public async Task A_keyed_write_killed_in_its_commit_runs_again_once_it_is_settled_that_it_aborted()
    {
        await using var broker = Embedded.Start(_server, more: Keys);
        await _sql.RunAsync("""
            create function held() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock_shared(7); return null; end';
            create constraint trigger held after insert on effects deferrable initially deferred for each row execute function held()
            """);
        await _sql.RunAsync("select pg_advisory_lock(7)");

        var write = broker.Client.WithIdempotencyKey("k").QuerySingleAsync<int>("orders", $"insert into effects values (1) returning id")
            .AsTask();
        await _sql.UntilAsync($"count(*) = 1 from pg_stat_activity where {Waiting} and query = 'COMMIT'");
        var killed = await _sql.ScalarAsync($"select pid from pg_stat_activity where {Waiting}");
        await _sql.RunAsync($"select pg_terminate_backend({killed})");
        await _sql.UntilAsync($"count(*) = 1 from pg_stat_activity where {Waiting} and pid <> {killed}");
        await _sql.RunAsync("select pg_advisory_unlock(7)");

        Assert.Equal(1, await write);
        Assert.Equal((1L, 1L), (await CountAsync(), await _sql.ScalarAsync("select count(*) from keys_seen")));
    }

    [Theory]
    [InlineData(nameof(Cut.BeforeCommit))]
    [InlineData(nameof(Cut.AfterCommit))]
    public async Task A_keyed_write_cut_at_its_commit_takes_effect_once_and_is_answered_in_full(string where)
    {
        await using var proxy = CuttingProxy.For(_server, Enum.Parse<Cut>(where));
        await using var broker = Embedded.Start(proxy.ConnectionString, more: Keys + Unprepared);
        await WarmUpAsync(broker, broker.Client.WithIdempotencyKey("warm"));
        proxy.Arm();

        var note = await broker.Client.WithIdempotencyKey("k")
            .QuerySingleAsync<string>("orders", $"insert into effects values (1, {"x"}) returning note");

        Assert.Equal("x", note);
        Assert.False(proxy.IsArmed);
        Assert.Equal(2L, await CountAsync());
        Assert.Equal("x",
            await broker.Client.WithIdempotencyKey("k")
                .QuerySingleAsync<string>("orders", $"insert into effects values (1, {"x"}) returning note"));
    }

    [Fact]
    public async Task With_settle_on_a_write_cut_behind_its_commit_is_known_to_have_taken_effect()
    {
        await using var proxy = CuttingProxy.For(_server, Cut.AfterCommit);
        await using var broker = Embedded.Start(proxy.ConnectionString, more: Settle + Unprepared);
        await WarmUpAsync(broker, broker.Client);
        proxy.Arm();

        // Its rows were read before the cut, so that they can be told.
        Assert.Equal(1, await broker.Client.QuerySingleAsync<int>("orders", $"insert into effects values (1) returning id"));
        Assert.False(proxy.IsArmed);
        Assert.Equal(2L, await CountAsync());
    }

    [Fact]
    public async Task With_settle_on_a_write_cut_before_its_commit_is_settled_and_only_then_run_again()
    {
        await using var proxy = CuttingProxy.ForOneTrip(_server, Cut.BeforeCommit);
        await using var broker = Embedded.Start(proxy.ConnectionString, more: Settle + Unprepared);
        await WarmUpAsync(broker, broker.Client);
        proxy.Arm();

        Assert.Equal(1, await broker.Client.ExecuteAsync("orders", $"insert into effects values (1)"));
        Assert.False(proxy.IsArmed);
        Assert.Equal(2L, await CountAsync());
    }

    [Fact]
    public async Task A_group_cut_before_its_commit_is_settled_and_only_then_run_again_each_alone()
    {
        await using var proxy = CuttingProxy.ForOneTrip(_server, Cut.BeforeCommit);
        await using var broker = StartPacking(proxy.ConnectionString);
        await LearnAsync(broker, Insert);

        var counts = await InOneGroupAsync(broker,
            id => broker.Client.ExecuteAsync("orders", Statement.Of(Insert, id, "g")).AsTask(), proxy.Arm);

        Assert.Equal([1, 1, 1, 1], counts);
        Assert.False(proxy.IsArmed);
        Assert.Equal(4L, await _sql.ScalarAsync("select count(*) from effects where note = 'g'"));
        Assert.Equal(4L, await _sql.ScalarAsync("select count(distinct xmin::text) from effects where note = 'g'"));
    }

    [Theory]
    [InlineData(nameof(Cut.BeforeCommit), false)]
    [InlineData(nameof(Cut.AfterCommit), true)]
    public async Task After_a_restart_of_the_server_the_ledger_settles_what_a_transaction_id_cannot(string where, bool committed)
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        await using (var setUp = await Sql.OpenAsync(server.ConnectionString()))
        {
            await setUp.RunAsync("create table effects (id int primary key, note text)");
        }
        await using var proxy = CuttingProxy.For(server.ConnectionString(), Enum.Parse<Cut>(where), _ => server.RestartAsync());
        await using var broker = Embedded.Start(proxy.ConnectionString, "size = 1, overflow = 0", more: Keys + Unprepared);
        var keyed = broker.Client.WithIdempotencyKey("k");
        await WarmUpAsync(broker, broker.Client.WithIdempotencyKey("warm"));
        proxy.Arm();

        // A connection that the restart ends before it carries anything is lost, and told as safe to try again: so it is tried again.
        async Task<object> WriteAsync()
        {
            while (true)
            {
                try
                {
                    return await keyed.QuerySingleAsync<int>("orders", $"insert into effects values (1) returning id");
                }
                catch (BrokerException refused) when (refused.Failure is not ConnectionLost { SafeToRetry: true })
                {
                    return refused.Failure;
                }
                catch (BrokerException)
                {
                    Assert.False(proxy.IsArmed);
                }
            }
        }

        for (var repeat = 0; repeat < 2; repeat++)
        {
            var answer = await WriteAsync();
            Assert.True(committed ? answer is 1 : answer is KeySpent, $"{repeat}: {answer}");
        }
        Assert.False(proxy.IsArmed);
        await using var sql = await Sql.OpenAsync(server.ConnectionString());
        Assert.Equal(committed ? 2L : 1L, await sql.ScalarAsync("select count(*) from effects"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_member_of_a_group_cut_behind_its_commit_hears_that_it_took_effect(bool rows)
    {
        await using var proxy = CuttingProxy.For(_server, Cut.AfterCommit);
        await using var broker = StartPacking(proxy.ConnectionString);
        var text = rows ? Insert + " returning id" : Insert;
        await LearnAsync(broker, text);

        await InOneGroupAsync(broker, async id =>
        {
            if (rows)
            {
                Assert.Equal(id, await broker.Client.QuerySingleAsync<int>("orders", Statement.Of(text, id, "g")));
            }
            else
            {
                Assert.Equal(1, await broker.Client.ExecuteAsync("orders", Statement.Of(text, id, "g")));
            }
            return true;
        }, proxy.Arm);

        Assert.False(proxy.IsArmed);
        Assert.Equal(4L, await _sql.ScalarAsync("select count(*) from effects where note = 'g'"));
    }

    [Fact]
    public async Task Members_whose_answers_were_lost_with_the_answer_to_COMMIT_hear_that_they_took_effect_and_nobody_runs_again()
    {
        await using var proxy = CuttingProxy.For(_server, Cut.AtInsert);
        await using var broker = StartPacking(proxy.ConnectionString);
        await LearnAsync(broker, Insert);

        var failures = await InOneGroupAsync(broker, id => FailureOf(broker.Client.ExecuteAsync("orders", Statement.Of(Insert, id, "g"))),
            () => proxy.ArmAt(1));

        Assert.All(failures, failure => Assert.False(Assert.IsType<AnswerLost>(failure).SafeToRetry));
        Assert.Equal(4L, await _sql.ScalarAsync("select count(*) from effects where note = 'g'"));
        Assert.Equal(1L, await _sql.ScalarAsync("select count(distinct xmin::text) from effects where note = 'g'"));
    }

    [Fact]
    public async Task Those_who_wait_for_a_settlement_are_told_that_the_outcome_is_unknown_when_it_is_stopped_midway()
    {
        var cutOff = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var proxy = CuttingProxy.For(_server, Cut.BeforeCommit, async cut =>
        {
            await cut.AnsweredAsync();
            cut.RefuseNew();
            cutOff.SetResult();
        });
        await using var broker = StartPacking(proxy.ConnectionString);
        await LearnAsync(broker, Insert);
        var pool = await broker.PoolAsync();

        var told = InOneGroupAsync(broker, id => FailureOf(broker.Client.ExecuteAsync("orders", Statement.Of(Insert, id, "g"))), proxy.Arm);
        await cutOff.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await broker.UntilAsync(status => status.Busy == 0);
        Assert.False(told.IsCompleted);
        await pool.GracefulStop(TimeSpan.FromSeconds(30));

        Assert.All(await told.WaitAsync(TimeSpan.FromSeconds(30)),
            failure => Assert.False(Assert.IsType<CommitUnknown>(failure).SafeToRetry));
    }

    [Fact]
    public async Task The_member_that_ends_its_server_process_is_told_and_not_run_again_and_the_others_take_effect_once()
    {
        await _sql.RunAsync("""
            create sequence deaths;
            create function fatal(n int) returns int language plpgsql as 'begin
                if n = 3 then perform nextval(''deaths''); perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(60); end if;
                return n; end'
            """);
        await using var broker = StartPacking(_server, "broker.packing.trust.functions = [public.fatal]");
        const string Text = "insert into effects values (fatal($1), $2)";
        await LearnAsync(broker, Text);

        var failures = await InOneGroupAsync(broker, async id =>
        {
            try
            {
                await broker.Client.ExecuteAsync("orders", Statement.Of(Text, id, "g"));
                return null;
            }
            catch (BrokerException refused)
            {
                return refused.Failure;
            }
        });

        Assert.Contains("settled that nothing took effect",
            Assert.IsType<ConnectionLost>(Assert.Single(failures.OfType<Failure>())).Message, StringComparison.Ordinal);
        Assert.Equal("1 2 4", await _sql.ScalarAsync("select string_agg(id::text, ' ' order by id) from effects where note = 'g'"));
        Assert.Equal(1L, await _sql.ScalarAsync("select last_value from deaths"));
    }

    private const string Waiting = "datname = current_database() and wait_event_type = 'Lock'";

    /// <summary>
    /// The ledger is made, and the catalogue, which is asked behind the first trip, has answered: no other COMMIT is on its way.
    /// </summary>
    private static async Task WarmUpAsync(Embedded broker, BrokerClient client)
    {
        await client.ExecuteAsync("orders", $"insert into effects values (0)");
        await broker.UntilAsync(status => status is { Busy: 0, Idle: > 0 });
    }

    /// <summary>Four callers at once while the pool is suspended: they travel together when it goes on.</summary>
    private static async Task<T[]> InOneGroupAsync<T>(Embedded broker, Func<int, Task<T>> call, Action? before = null, int first = 1)
    {
        await broker.Client.SuspendAsync("orders");
        var calls = Enumerable.Range(first, 4).Select(call).ToArray();
        await broker.UntilAsync(status => status.WaitingErrands == 4);
        before?.Invoke();
        await broker.Client.ResumeAsync("orders");
        return await Task.WhenAll(calls);
    }

    /// <summary>A text travels alone until the catalogue has answered for it, then in groups of two, then of four.</summary>
    private static async Task LearnAsync(Embedded broker, string text)
    {
        for (var id = 100; id < 103; id++)
        {
            await RunAsync(id);
        }
        await InOneGroupAsync(broker, RunAsync, first: 110);
        await InOneGroupAsync(broker, RunAsync, first: 120);

        Task<long> RunAsync(int id) => broker.Client.ExecuteAsync("orders", Statement.Of(text, id, "w")).AsTask();
    }

    private static Embedded StartPacking(string server, string more = "") => Embedded.Start(
        server, "size = 1, overflow = 0", more: $"broker.packing {{ target = 1s, trip-limit = 30s }}{Unprepared}\n{more}");

    private async Task<Failure> KilledInTheStatementAsync(BrokerClient client)
    {
        await using var blocker = await Sql.OpenAsync(_server);
        await blocker.RunAsync("begin; insert into effects values (1)");
        var write = client.ExecuteAsync("orders", $"insert into effects values ({1})");
        await _sql.UntilAsync($"count(*) = 1 from pg_stat_activity where {Waiting}");
        await _sql.RunAsync($"select pg_terminate_backend(pid) from pg_stat_activity where {Waiting}");
        var failure = await FailureOf(write);
        await blocker.RunAsync("rollback");
        return failure;
    }

    private async Task<long> CountAsync() => (long)(await _sql.ScalarAsync("select count(*) from effects"))!;

    private static async Task<Failure> FailureOf<T>(ValueTask<T> call) =>
        (await Assert.ThrowsAsync<BrokerException>(async () => await call)).Failure;
}
