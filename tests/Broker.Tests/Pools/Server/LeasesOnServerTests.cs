using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Leases;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>Leases of real connections: what a holder may do with one, and what remains of it afterwards.</summary>
public sealed class LeasesOnServerTests : IAsyncLifetime
{
    private string _database = "";

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact] // 36
    public async Task Settings_and_locks_of_a_holder_do_not_reach_the_next()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        await using (var lease = await broker.LeaseAsync())
        {
            await lease.ScalarAsync("set search_path = pg_temp");
            await lease.ScalarAsync("select pg_advisory_lock(7)");
        }

        await using var next = await broker.LeaseAsync();
        Assert.Equal("\"$user\", public", await next.ScalarAsync("show search_path"));
        Assert.Equal(0L, await next.ScalarAsync("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"));
    }

    [Fact] // 27
    public async Task A_connection_invalidated_hard_is_dead_for_its_holder_and_the_next_borrower_gets_a_new_one()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        await using var lease = await broker.LeaseAsync();
        lease.Invalidate(hard: true);
        await using var next = await broker.LeaseAsync();
        Assert.NotEqual(lease.BackendPid, next.BackendPid);
        var refused = await Assert.ThrowsAsync<BrokerException>(() => lease.ScalarAsync("select 1"));
        Assert.Equal(lease.Id, Assert.IsType<LeaseRevoked>(refused.Failure).Lease);
    }

    [Fact] // 13
    public async Task A_detached_connection_leaves_the_limits_and_is_closed_at_its_return()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        var detached = await broker.LeaseAsync();
        detached.Detach();
        await using var next = await broker.LeaseAsync();
        Assert.Equal(1, await detached.ScalarAsync("select 1"));
        await detached.DisposeAsync();
        await UntilGoneAsync(next, detached.BackendPid);
        Assert.Equal(1, (await broker.StatusAsync()).Lent);
    }

    [Fact] // 39
    public async Task A_holder_that_overruns_is_cut_off_and_its_late_calls_and_return_do_no_harm()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0, max-lease = 1s");
        var overrunning = await broker.LeaseAsync();
        var running = overrunning.ScalarAsync("select pg_sleep(60)");
        await using var next = await broker.LeaseAsync();
        await Told(overrunning.Lost);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => running);
        Assert.Contains("max-lease", Assert.Throws<BrokerException>(() => overrunning.Connection).Message, StringComparison.Ordinal);
        await overrunning.DisposeAsync();
        Assert.Equal(1, await next.ScalarAsync("select 1"));
        Assert.NotEqual(overrunning.BackendPid, next.BackendPid);
    }

    [Fact] // 44
    public async Task A_cancelled_query_leaves_nothing_half_read_to_the_next_borrower()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        for (var round = 0; round < 10; round++)
        {
            await using (var lease = await broker.LeaseAsync())
            {
                using var cancel = new CancellationTokenSource();
                await using var command = new NpgsqlCommand("select 'early', pg_sleep(60)", lease.Connection);
                var running = command.ExecuteScalarAsync(cancel.Token);
                await cancel.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            }

            await using var next = await broker.LeaseAsync();
            Assert.Equal(round, await next.ScalarAsync($"select {round}"));
        }
    }

    [Fact] // 38
    public async Task A_server_process_that_is_killed_under_its_holder_is_replaced_and_its_siblings_survive()
    {
        await using var broker = Embedded.Start(_database, "size = 3, overflow = 0");
        await using var sibling = await broker.LeaseAsync();
        var killed = await broker.LeaseAsync();
        await sibling.ScalarAsync($"select pg_terminate_backend({killed.BackendPid})");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => killed.ScalarAsync("select 1"));
        await Told(killed.Lost);
        Assert.IsType<ConnectionLost>(Assert.Throws<BrokerException>(() => killed.Connection).Failure);
        await killed.DisposeAsync();
        await using var next = await broker.LeaseAsync();
        Assert.Equal(1, await next.ScalarAsync("select 1"));
        Assert.Equal(1, await sibling.ScalarAsync("select 1"));
    }

    [Fact]
    public async Task Who_has_returned_a_connection_may_have_it_again_at_once()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        await (await broker.LeaseAsync()).DisposeAsync();

        for (var time = 0; time < 1000; time++)
        {
            await using var lease = await broker.LeaseAsync(TimeSpan.Zero);
        }
    }

    [Fact] // 3, 20
    public async Task Forty_borrowers_share_fifteen_connections()
    {
        await using var broker = Embedded.Start(_database, "size = 5, overflow = 10");
        var pids = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(async () =>
        {
            await using var lease = await broker.LeaseAsync();
            return (int)(await lease.ScalarAsync("select pg_backend_pid() from pg_sleep(0.02)"))!;
        })));
        Assert.Equal(40, pids.Length);
        Assert.InRange(pids.Distinct().Count(), 2, 15);
        var after = await broker.UntilAsync(status => status.Lent == 0);
        Assert.InRange(after.Idle, 1, 15);
        Assert.Equal(0, after.Waiting);
    }

    private static async Task Told(CancellationToken lost)
    {
        var told = new TaskCompletionSource();
        await using var registration = lost.Register(told.SetResult);
        await told.Task;
    }

    private static async Task UntilGoneAsync(Lease lease, int pid)
    {
        while ((long)(await lease.ScalarAsync($"select count(*) from pg_stat_activity where pid = {pid}"))! > 0)
        {
            await Task.Yield();
        }
    }
}
