using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Postgres;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>A primary and a hot standby of it as one server of the settings.</summary>
public sealed class SeveralHostsTests : IAsyncLifetime
{
    private LocalPostgres _primary = null!;
    private LocalPostgres _standby = null!;

    public async Task InitializeAsync()
    {
        _primary = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        _standby = await _primary.StartStandbyAsync();
    }

    public async Task DisposeAsync()
    {
        await _standby.DisposeAsync();
        await _primary.DisposeAsync();
    }

    [Fact]
    public async Task Each_target_finds_its_host_whatever_the_order()
    {
        foreach (var reversed in new[] { false, true })
        {
            foreach (var (target, port) in new[]
            {
                ("read-write", _primary.Port), ("primary", _primary.Port),
                ("read-only", _standby.Port), ("standby", _standby.Port), ("prefer-standby", _standby.Port),
            })
            {
                await using var broker = Start(target, reversed);
                await using var lease = await broker.LeaseAsync();
                Assert.True(port == lease.Connection.Port, $"{target}, reversed {reversed}: {lease.Connection.Port}");
            }

            await using var any = Start("any", reversed);
            await using var first = await any.LeaseAsync();
            Assert.Equal(reversed ? _standby.Port : _primary.Port, first.Connection.Port);
        }
    }

    [Fact]
    public async Task With_one_host_down_the_other_is_used_and_what_fits_none_is_refused_by_name()
    {
        await _standby.StopAsync();
        await using (var preferring = Start("prefer-standby", reversed: true))
        {
            await using var lease = await preferring.LeaseAsync();
            Assert.Equal(_primary.Port, lease.Connection.Port);
        }

        await using var strict = Start("standby", reversed: true);
        var refused = await Assert.ThrowsAsync<BrokerException>(() => strict.LeaseAsync(TimeSpan.FromSeconds(3)).AsTask());
        Assert.Contains("target-session-attrs is standby", Assert.IsType<ServerUnavailable>(refused.Failure).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_promotion_new_connections_find_the_new_primary_and_old_ones_are_replaced()
    {
        await using var broker = Start("read-write", reversed: false);
        await using (var before = await broker.LeaseAsync())
        {
            Assert.Equal(_primary.Port, before.Connection.Port);
        }

        await _primary.KillAsync();
        await _standby.PromoteAsync();
        await using var after = await broker.LeaseAsync();
        Assert.Equal(_standby.Port, after.Connection.Port);
        Assert.Equal(false, await after.ScalarAsync("select pg_is_in_recovery()"));
        Assert.Equal(2, await broker.Client.QuerySingleAsync<int>("orders", $"select 1 + 1"));
    }

    private Embedded Start(string target, bool reversed)
    {
        LocalPostgres[] order = reversed ? [_standby, _primary] : [_primary, _standby];
        var hosts = string.Join(',', order.Select(server => $"127.0.0.1:{server.Port}"));
        return Embedded.Start(
            $"Host={hosts};Database=postgres;Username={_primary.UserName};Target Session Attributes={target}",
            "ping-bypass = 0s, reconnect { min-backoff = 10ms, max-backoff = 50ms }");
    }
}
