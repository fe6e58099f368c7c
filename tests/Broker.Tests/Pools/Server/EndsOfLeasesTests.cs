using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Leases;
using Broker.Pools.Hooks;
using Broker.Postgres;
using Broker.Tests.Settlement;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>Leases that end badly: holders that die or leave something running, and connections that do.</summary>
public sealed class EndsOfLeasesTests : IAsyncLifetime
{
    private string _database = "";

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact] // 38
    public async Task What_a_holder_actor_that_died_in_a_transaction_did_is_undone_and_its_process_serves_nobody_else()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        await broker.Client.ExecuteAsync("orders", $"create table left_behind (id int)");
        var told = new TaskCompletionSource<object>();
        var pool = await broker.PoolAsync();
        var holder = broker.System.ActorOf(Props.Create(() => new Holder(pool, told)));
        var lent = Assert.IsType<ConnectionLent>(await told.Task);
        await using (var insert = new NpgsqlCommand("begin; insert into left_behind values (1); set search_path = pg_temp", lent.Wrapper))
        {
            await insert.ExecuteNonQueryAsync();
        }

        broker.System.Stop(holder);
        await using var next = await broker.LeaseAsync();
        Assert.NotEqual(lent.BackendPid, next.BackendPid);
        Assert.Equal(0L, await next.ScalarAsync("select count(*) from left_behind"));
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => new NpgsqlCommand("select 1", lent.Wrapper).ExecuteScalarAsync());
    }

    [Fact] // 38
    public async Task A_call_under_way_on_a_killed_server_process_fails_at_once_and_its_lease_says_why()
    {
        await using var broker = Embedded.Start(_database, "size = 2, overflow = 0");
        await using var killer = await broker.LeaseAsync();
        await using var lease = await broker.LeaseAsync();
        var running = lease.ScalarAsync("select pg_sleep(600)");
        await killer.ScalarAsync($"select pg_terminate_backend({lease.BackendPid})");
        Assert.Equal("57P01", (await Assert.ThrowsAsync<PostgresException>(() => running)).SqlState);
        Assert.IsType<ConnectionLost>(Assert.Throws<Broker.Client.BrokerException>(() => lease.Connection).Failure);
    }

    [Theory] // 35
    [InlineData("rollback", 0L, "\"$user\", public")]
    [InlineData("discard-all", 0L, "\"$user\", public")]
    [InlineData("commit", 1L, "\"$user\", public")]
    [InlineData("none", 0L, "pg_temp, public")]
    public async Task Reset_modes_end_an_open_transaction_as_they_say(string mode, long rows, string path)
    {
        await using var broker = Embedded.Start(_database, $"size = 1, overflow = 0, reset = {mode}");
        await broker.Client.ExecuteAsync("orders", $"create table if not exists kept (id int)");
        await broker.Client.ExecuteAsync("orders", $"delete from kept");
        await using (var lease = await broker.LeaseAsync())
        {
            await lease.ScalarAsync("set search_path = pg_temp, public");
            await lease.ScalarAsync("begin");
            await lease.ScalarAsync("insert into kept values (1)");
        }

        await using var next = await broker.LeaseAsync();
        Assert.Equal(rows, await next.ScalarAsync("select count(*) from kept"));
        Assert.Equal(path, await next.ScalarAsync("show search_path"));
    }

    [Fact] // 35
    public async Task What_a_holder_left_running_is_cut_off_after_reset_timeout_and_the_connection_closed()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0, reset-timeout = 100ms");
        var lease = await broker.LeaseAsync();
        var forgotten = lease.ScalarAsync("select pg_sleep(600)");
        await lease.DisposeAsync();
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => forgotten);
        await using var next = await broker.LeaseAsync();
        Assert.NotEqual(lease.BackendPid, next.BackendPid);
        // A server that takes longer over the cancel than reset-timeout is asked to end the process, a moment later.
        await next.Connection.UntilAsync("count(*) = 0 from pg_stat_activity "
            + "where query like '%pg_sleep(600)%' and pid <> pg_backend_pid() and datname = current_database()");
    }

    [Fact] // 35
    public async Task What_a_holder_left_running_is_cut_off_also_when_that_takes_longer_than_the_connection_is_there()
    {
        // Less than the connection takes over which the server is asked to end the process.
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0, reset-timeout = 10ms");
        for (var round = 0; round < 10; round++)
        {
            var lease = await broker.LeaseAsync();
            var forgotten = lease.ScalarAsync("select pg_sleep(600)");
            await lease.DisposeAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => forgotten).WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    [Fact] // 36
    public async Task A_reset_that_discards_all_takes_locks_and_prepared_statements_away_before_the_return_is_complete()
    {
        await using var broker = Embedded.Start(_database, "size = 2, overflow = 0, reset = discard-all");
        await using var watcher = await broker.LeaseAsync();
        await using (var lease = await broker.LeaseAsync())
        {
            await lease.ScalarAsync("prepare by_hand as select 1");
            await lease.ScalarAsync("select pg_advisory_lock(4711)");
        }

        Assert.Equal(0L, await watcher.ScalarAsync("select count(*) from pg_locks where locktype = 'advisory' and objid = 4711"));
        await using var next = await broker.LeaseAsync();
        Assert.Equal(0L, await next.ScalarAsync("select count(*) from pg_prepared_statements where name = 'by_hand'"));
        Assert.Equal(7, await broker.Client.QuerySingleAsync<int>("orders", $"select 7"));
    }

    [Fact] // 37
    public async Task A_detached_lease_that_is_forgotten_is_found_and_its_connection_closed()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        var forgotten = await DetachAndForgetAsync(broker);
        await using var next = await broker.LeaseAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((long)(await next.ScalarAsync($"select count(*) from pg_stat_activity where pid = {forgotten}"))! > 0)
        {
            limit.Token.ThrowIfCancellationRequested();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static async Task<int> DetachAndForgetAsync(Embedded broker)
    {
        var lease = await broker.LeaseAsync();
        lease.Detach();
        return lease.BackendPid;
    }

    [Fact] // 25
    public async Task An_errand_that_outlasts_the_drain_is_cancelled_on_the_server_and_told()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0", more: "broker.shutdown { drain-timeout = 100ms }");
        var running = broker.Client.QuerySingleAsync<string>("orders", $"select pg_sleep(611)::text").AsTask();
        await broker.UntilAsync(status => status.Busy == 1);
        await CoordinatedShutdown.Get(broker.System).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance)
            .WaitAsync(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<Broker.Client.BrokerException>(() => running.WaitAsync(TimeSpan.FromSeconds(30)));
        await using var other = new NpgsqlConnection(_database);
        await other.OpenAsync();
        await other.UntilAsync(
            "count(*) = 0 from pg_stat_activity where query like '%pg_sleep(611)%' and state = 'active' and pid <> pg_backend_pid()");
    }

    [Fact]
    public async Task A_wait_for_ever_is_no_wait_of_nothing()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        var first = await broker.LeaseAsync();
        Task<Lease> second;
        using (ExecutionContext.SuppressFlow())
        {
            second = Task.Run(() => broker.LeaseAsync(Timeout.InfiniteTimeSpan).AsTask());
        }
        await broker.UntilAsync(status => status.Waiting == 1);
        await first.DisposeAsync();
        await using var lent = await second;
        Assert.Throws<ArgumentOutOfRangeException>(() => new LeaseOptions { Wait = TimeSpan.FromSeconds(-1) });
    }

    [Fact] // 43
    public async Task A_close_that_hangs_does_not_hold_up_whoever_returns()
    {
        var goOn = new TaskCompletionSource();
        var hooks = PoolHooks.None.On(HookKind.Close, async (_, _) => await goOn.Task);
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0, hook-timeout = 1m", hooks);
        var lease = await broker.LeaseAsync();
        lease.Invalidate();
        await lease.DisposeAsync();
        Assert.False(goOn.Task.IsCompleted);
        goOn.SetResult();
    }

    private sealed class Holder : ReceiveActor
    {
        public Holder(IActorRef pool, TaskCompletionSource<object> told)
        {
            pool.Tell(new AcquireConnection(new ErrandId(1, 1), null, null, "Holder", "to die", [], Watched: true));
            ReceiveAny(told.SetResult);
        }
    }
}
