using System.Diagnostics;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>A server of their own, that goes down and comes back.</summary>
public sealed class ServerDownTests : IAsyncLifetime
{
    private LocalPostgres _server = null!;

    public async Task InitializeAsync() => _server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact] // 33
    public async Task After_a_restart_the_first_lease_is_good_and_no_old_connection_is_lent_again()
    {
        await using var broker = Embedded.Start(_server.ConnectionString(), "size = 5, ping = on, ping-bypass = 0s");
        var before = await HoldAsync(broker, 5);
        await _server.RestartAsync();
        var after = await HoldAsync(broker, 5);
        Assert.Empty(before.Intersect(after));
    }

    [Fact] // 34
    public async Task Without_pings_one_caller_at_most_sees_the_restart()
    {
        await using var broker = Embedded.Start(_server.ConnectionString(), "size = 5, ping = off, keepalive = off");
        await HoldAsync(broker, 5);
        await _server.RestartAsync();
        var failed = 0;
        for (var use = 0; use < 10; use++)
        {
            await using var lease = await broker.LeaseAsync();
            try
            {
                await lease.ScalarAsync("select 1");
            }
            catch (NpgsqlException)
            {
                failed++;
            }
        }

        Assert.InRange(failed, 0, 1);
    }

    [Fact] // 24
    public async Task With_the_server_down_every_borrower_hears_why_within_its_limit_and_recovery_needs_nobody()
    {
        await using var broker = Embedded.Start(_server.ConnectionString(),
            "size = 2, overflow = 0, reconnect { min-backoff = 10ms, max-backoff = 50ms }");
        await _server.KillAsync();
        var clock = Stopwatch.StartNew();
        var refused = await Task.WhenAll(Enumerable.Range(0, 10)
            .Select(_ => Assert.ThrowsAsync<BrokerException>(() => broker.LeaseAsync(TimeSpan.FromSeconds(2)).AsTask())));
        Assert.True(clock.Elapsed >= TimeSpan.FromMilliseconds(1900), "they were not given their time");
        Assert.All(refused, exception => Assert.IsType<ServerUnavailable>(exception.Failure));
        var waiting = broker.LeaseAsync();
        await _server.StartAgainAsync();
        await using var lease = await waiting;
        Assert.Equal(1, await lease.ScalarAsync("select 1"));
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_told_at_once_and_the_pool_stays_whole()
    {
        await using var broker = Embedded.Start(_server.ConnectionString("late"),
            "acquire-timeout = 1h, reconnect { min-backoff = 10ms, max-backoff = 10ms }");
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var refused = await Assert.ThrowsAsync<BrokerException>(() => broker.LeaseAsync().AsTask());
            Assert.Equal("3D000", Assert.IsType<LoginRefused>(refused.Failure).SqlState);
        }

        await _server.CreateDatabaseAsync("late");
        while (true)
        {
            try
            {
                await using var lease = await broker.LeaseAsync();
                Assert.Equal("late", await lease.ScalarAsync("select current_database()"));
                break;
            }
            catch (BrokerException refused) when (refused.Failure is LoginRefused)
            {
                // The pause of the last refusal is not over yet.
                await Task.Delay(5);
            }
        }
    }

    private static async Task<int[]> HoldAsync(Embedded broker, int count)
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => broker.LeaseAsync().AsTask()));
        foreach (var lease in leases)
        {
            await lease.DisposeAsync();
        }

        await broker.UntilAsync(status => status.Lent == 0);
        return [.. leases.Select(lease => lease.BackendPid)];
    }
}
