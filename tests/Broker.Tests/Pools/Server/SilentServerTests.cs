using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Broker.Pools.Hooks;
using Broker.Postgres;
using Broker.Tests.Settlement;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>A server that does not answer any more and does not say so: every wait for it has an end, and its slot serves again.</summary>
public sealed class SilentServerTests : IAsyncLifetime
{
    private const string Impatient = "connect-timeout = 1s, ghost-limit = 1s";

    private string _server = null!;
    private FreezingProxy _proxy = null!;

    public async Task InitializeAsync()
    {
        _server = await SharedPostgres.CreateDatabaseAsync();
        _proxy = FreezingProxy.For(_server);
    }

    public async Task DisposeAsync() => await _proxy.DisposeAsync();

    private Embedded Start(string pool, PoolHooks? hooks = null, string limits = Impatient)
    {
        var target = new NpgsqlConnectionStringBuilder(_proxy.ConnectionString);
        return Embedded.StartWith(
            $"broker.servers.main {{ host = \"{target.Host}\", port = {target.Port}, tls = prefer, {limits} }}\n"
            + $"broker.databases.orders {{ server = main, database = {target.Database}, user = {target.Username} }}\nbroker.pool {{\n{pool}\n}}", hooks);
    }

    [Fact]
    public async Task A_ping_that_is_never_answered_ends_in_time_and_another_connection_is_opened()
    {
        await using var broker = Start("size = 1, overflow = 0, ping-bypass = 0s, ping-timeout = 100ms");
        var first = await broker.LeaseAsync();
        await first.DisposeAsync();
        _proxy.Freeze();
        var next = broker.LeaseAsync(TimeSpan.FromSeconds(30)).AsTask();
        await broker.UntilAsync(status => status.Idle == 0 || status.Opening > 0);
        _proxy.Thaw();
        await using var lease = await next.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.NotEqual(first.BackendPid, lease.BackendPid);
    }

    [Fact]
    public async Task A_server_that_falls_silent_after_it_let_a_connection_in_fails_the_connect_in_time()
    {
        await using var broker = Start("size = 1, overflow = 0");
        _proxy.FreezeAfterLogin(1);
        await using var lease = await broker.LeaseAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, await lease.ScalarAsync("select 1"));
    }

    [Fact]
    public async Task What_is_returned_with_a_statement_that_is_never_answered_is_given_up_in_time()
    {
        await using var broker = Start("size = 1, overflow = 0, reset-timeout = 100ms");
        var lease = await broker.LeaseAsync();
        var forgotten = lease.ScalarAsync("select pg_sleep(600)");
        _proxy.Freeze();
        await lease.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        _proxy.Thaw();
        await using var next = await broker.LeaseAsync(TimeSpan.FromSeconds(30)).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.NotEqual(lease.BackendPid, next.BackendPid);
        _ = forgotten;
    }

    [Fact]
    public async Task A_lease_called_back_in_a_statement_that_is_never_answered_gives_its_slot_up_in_time()
    {
        await using var broker = Start("size = 1, overflow = 0, max-lease = 100ms, reset-timeout = 100ms");
        var lease = await broker.LeaseAsync();
        var running = lease.ScalarAsync("select pg_sleep(600)");
        _proxy.Freeze();
        var next = broker.LeaseAsync(TimeSpan.FromSeconds(30)).AsTask();
        var lost = new TaskCompletionSource();
        await using var registration = lease.Lost.Register(lost.SetResult);
        await lost.Task;
        _proxy.Thaw();
        await using var got = await next.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.NotEqual(lease.BackendPid, got.BackendPid);
        _ = running;
    }

    // Npgsql's own patience is two seconds; the answer comes behind that. The request to cancel goes by connect-timeout: with a short one a
    // busy machine loses the connection over it.
    [Fact]
    public async Task A_cancel_that_the_server_answers_late_is_a_cancel()
    {
        await using var broker = Start("size = 1, overflow = 0, reset-timeout = 1m", limits: "connect-timeout = 30s");
        using var cancel = new CancellationTokenSource();
        var sleeping = broker.Client.ExecuteAsync("orders", new Statement("select pg_sleep(600)"), cancel.Token).AsTask();
        await UntilSleepingAsync();
        _proxy.HoldAnswers();
        await cancel.CancelAsync();
        await Task.WhenAny(sleeping, Task.Delay(TimeSpan.FromSeconds(3)));
        _proxy.Release();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_to_cancel_that_finds_no_statement_is_made_again(bool inSession)
    {
        await using var broker = Start("size = 1, overflow = 0, reset-timeout = 1m", limits: "connect-timeout = 30s, tls = disable");
        await using var session = new SessionFactory(broker.Client, "orders").Open();
        using var cancel = new CancellationTokenSource();
        var sleeping = inSession
            ? session.ExecuteAsync($"select pg_sleep(600)", cancel.Token).AsTask()
            : broker.Client.ExecuteAsync("orders", new Statement("select pg_sleep(600)"), cancel.Token).AsTask();
        await UntilSleepingAsync();
        _proxy.LoseCancels(2);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_cancel_that_is_never_answered_ends_in_time_and_its_slot_serves_again()
    {
        await using var broker = Start("size = 1, overflow = 0, reset-timeout = 100ms");
        using var cancel = new CancellationTokenSource();
        var sleeping = broker.Client.ExecuteAsync("orders", new Statement("select pg_sleep(600)"), cancel.Token).AsTask();
        await UntilSleepingAsync();
        _proxy.Freeze();
        await cancel.CancelAsync();
        var told = await Assert.ThrowsAsync<BrokerException>(() => sleeping.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.IsType<OutcomeUnknown>(told.Failure);
        _proxy.Thaw();
        Assert.Equal(1, await broker.Client.QuerySingleAsync<int>("orders", $"select 1").AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
    }

    // Npgsql sends the reset behind a lease ahead of the next statement, and gives the connection up when that fails.
    [Fact]
    public async Task A_request_to_cancel_is_not_made_while_the_reset_before_the_statement_runs()
    {
        await using var broker = Start("size = 1, overflow = 0, reset-timeout = 1m", limits: "connect-timeout = 30s");
        await using var other = await Sql.OpenAsync(_server);
        await using (var lease = await broker.LeaseAsync())
        {
            var schema = await lease.ScalarAsync(
                "create temp table mine(); select relnamespace::regnamespace::text from pg_class where oid = 'mine'::regclass");
            await other.RunAsync($"begin; lock table {schema}.mine");
        }
        using var cancel = new CancellationTokenSource();
        var sleeping = broker.Client.ExecuteAsync("orders", new Statement("select pg_sleep(600)"), cancel.Token).AsTask();
        await using (var watch = await Sql.OpenAsync(_server))
        {
            await watch.UntilAsync("exists(select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')");
        }
        await cancel.CancelAsync();
        // several times as long as a request is made again
        await Task.WhenAny(sleeping, Task.Delay(TimeSpan.FromSeconds(1)));
        await other.RunAsync("rollback");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private async Task UntilSleepingAsync()
    {
        await using var server = await Sql.OpenAsync(_server);
        await server.UntilAsync("exists(select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')");
    }

    [Theory]
    [InlineData(HookKind.Connect)]
    [InlineData(HookKind.Checkout)]
    [InlineData(HookKind.Reset)]
    [InlineData(HookKind.Checkin)]
    [InlineData(HookKind.Close)]
    internal async Task A_hook_that_hangs_in_a_statement_holds_its_caller_up_no_longer_than_hook_timeout(HookKind kind)
    {
        var runs = 0;
        var hooks = PoolHooks.None.On(kind, async (hooked, _) =>
        {
            if (Interlocked.Increment(ref runs) == 1)
            {
                await using var command = new NpgsqlCommand("select pg_sleep(600)", hooked.Connection);
                await command.ExecuteScalarAsync(CancellationToken.None);
            }
        });
        await using var broker = Start("size = 1, overflow = 0, hook-timeout = 100ms, reset-timeout = 1s", hooks);
        try
        {
            var lease = await broker.LeaseAsync(TimeSpan.FromSeconds(11)).AsTask().WaitAsync(TimeSpan.FromSeconds(12));
            lease.Invalidate();
            await lease.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(12));
        }
        catch (BrokerException refused)
        {
            Assert.IsType<HookFailed>(refused.Failure);
        }
        await using var next = await broker.LeaseAsync(TimeSpan.FromSeconds(11)).AsTask().WaitAsync(TimeSpan.FromSeconds(12));
        Assert.Equal(1, await next.ScalarAsync("select 1"));
    }
}
