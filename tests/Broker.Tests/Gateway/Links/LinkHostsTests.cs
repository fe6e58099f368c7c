using Broker.Client.Protocol.Failures;
using Broker.Postgres;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>A primary and a hot standby of it as one server of the settings.</summary>
public sealed class LinkHostsTests : IAsyncLifetime
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
                ("any", reversed ? _standby.Port : _primary.Port),
            })
            {
                await using var stage = Stage(target, reversed);
                var link = await stage.OpenAsync();
                Assert.True(port == link.Host.Port, $"{target}, reversed {reversed}: {link.Host}");
                Assert.Equal(port == _standby.Port, link.Presumes.InRecovery);
            }
        }
    }

    [Fact]
    public async Task With_one_host_down_the_other_is_used_and_what_fits_none_is_refused_by_name()
    {
        await _standby.StopAsync();
        await using var preferring = Stage("prefer-standby", reversed: true);
        Assert.Equal(_primary.Port, (await preferring.OpenAsync()).Host.Port);

        await using var strict = Stage("standby", reversed: true);
        Assert.Contains("target-session-attrs is standby", Assert.IsType<ServerUnavailable>(await strict.FailAsync()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_is_silent_costs_its_time_once_and_is_tried_last_from_then_on()
    {
        await using var silent = new FakeServer();
        await using var stage = LinkStage.Of(
            false, $"host = [\"127.0.0.1:{silent.Port}\", \"127.0.0.1:{_primary.Port}\"], connect-timeout = 5s",
                $"database = postgres, user = {_primary.UserName}");
        await stage.OpenAsync();
        await stage.OpenAsync();
        Assert.Equal(1, silent.Connections);
    }

    [Fact]
    public async Task Nothing_of_a_host_that_was_not_taken_stays_open()
    {
        await using var stage = Stage("primary", reversed: true);
        var link = await stage.OpenAsync();
        await stage.QueryAsync(link, "select 1");
        await using var source = Npgsql.NpgsqlDataSource.Create(_standby.ConnectionString());
        await using var command = source.CreateCommand("select count(*) from pg_stat_activity where application_name = 'the link'");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await command.ExecuteScalarAsync(limit.Token) is not 0L)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private LinkStage Stage(string target, bool reversed)
    {
        LocalPostgres[] order = reversed ? [_standby, _primary] : [_primary, _standby];
        var hosts = string.Join(", ", order.Select(server => $"\"127.0.0.1:{server.Port}\""));
        return LinkStage.Of(
            false, $"host = [{hosts}], target-session-attrs = {target}",
                $"database = postgres, user = {_primary.UserName}, application-name = \"the link\"");
    }
}
