using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Tests.Diagnostics;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>What a gateway with clients in it tells to those who listen.</summary>
public sealed class GatewayTelemetryTests : IDisposable
{
    private readonly Meters _meters = new();
    private readonly Recorded _recorded;

    public GatewayTelemetryTests() => _recorded = new(_meters);

    public void Dispose()
    {
        _recorded.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public async Task Clients_and_links_are_counted_by_what_they_do_and_not_when_they_are_gone()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0", meters: _meters);
        using var holder = await door.SpeakAsync();
        using var waiting = await door.SpeakAsync();
        var idle = await door.SpeakAsync();
        await UntilAsync("client.count", "ready", 3);
        await UntilAsync("link.count", "idle", 1);

        await holder.SendAsync(new Query(WireText.Of("begin; select 1")));
        await holder.ReceiveToReadyAsync();
        await waiting.SendAsync(new Query(WireText.Of("begin; select 1; commit")));
        await UntilAsync("client.count", "in_transaction", 1);
        await UntilAsync("client.count", "errand", 1);
        await UntilAsync("client.count", "ready", 1);
        await UntilAsync("client.waiting", null, 1);
        await UntilAsync("link.count", "lent", 1);
        idle.Dispose();
        await UntilAsync("client.count", "ready", 0);

        await holder.SendAsync(new Query(WireText.Of("commit")));
        await waiting.ReceiveToReadyAsync();
        await UntilAsync("client.waiting", null, 0);
        await UntilAsync("client.count", "ready", 2);
        await UntilAsync("client.count", "in_transaction", 0);
        await UntilAsync("link.count", "lent", 0);
        Assert.Contains(_recorded.Of("broker.gateway.client.wait_time"), static one => one.Value > 0);
    }

    [Fact]
    public async Task A_client_of_session_mode_is_pinned_once_it_has_a_link()
    {
        await using var door = await DoorStage.OpenAsync("mode = session", meters: _meters);
        using var client = await door.SpeakAsync();
        await UntilAsync("client.count", "ready", 1);

        await client.SendAsync(new Query(WireText.Of("select 1")));
        await client.ReceiveToReadyAsync();

        await UntilAsync("client.count", "pinned", 1);
    }

    [Fact]
    public async Task Every_instrument_of_the_gateway_is_told()
    {
        await using var door = await DoorStage.OpenAsync("hba = [\"host all mallory all reject\", \"host all all all trust\"]",
            "size = 1, overflow = 0", meters: _meters);
        await using (var connection = await door.ConnectAsync())
        {
            await connection.ScalarAsync("create temp table left_over ()");
            for (var i = 0; i < 5; i++)
            {
                await connection.ScalarAsync("select 1");
            }
        }
        var failure = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(static text => text.Username = "mallory"));
        using (var cancel = await Wire.RawConnection.ConnectAsync(door.Port))
        {
            await cancel.SendAsync(new Broker.PgWire.Startup.CancelRequest(1, new byte[4]));
            await Assert.ThrowsAnyAsync<Exception>(cancel.ReceiveAsync);
        }

        await Eventually.SucceedsAsync(() => Assert.Empty(
            _recorded.Instruments.Select(static one => one.Name)
                .Where(static name => name.StartsWith("broker.gateway.", StringComparison.Ordinal))
                    .Except(_recorded.All.Select(static one => one.Name))));
        // a driver may try more than once
        Assert.All(_recorded.Of("broker.gateway.client.refused"), one => Assert.Equal(failure.SqlState, one.Tags["error.type"]));
        Assert.Equal("nobody", _recorded.Single("broker.gateway.cancels").Tags["broker.gateway.cancel.outcome"]);
        Assert.Equal(1, _recorded.Of("broker.gateway.client.logins").Sum(static one => one.Value));
        Assert.Contains(_recorded.Of("broker.gateway.link.cleanings"), static one => one.Tags["broker.gateway.cleaning.outcome"] is "fit");
        Assert.All(_recorded.Of("broker.gateway.trip.members"),
            static one => Assert.Equal("shop", ((string)one.Tags["db.client.connection.pool.name"]!).Split('~')[0]));
    }

    private Task UntilAsync(string name, string? state, int count) =>
        Eventually.SucceedsAsync(() => Assert.Equal(count, _recorded.Of($"broker.gateway.{name}")
        .Last(one => state is null
            || (string?)one.Tags.Single(static tag => tag.Key.EndsWith(".state", StringComparison.Ordinal)).Value == state).Value));
}
