using Akka.Actor;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Postgres;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>Requests to cancel, and what they hold up.</summary>
public sealed class LinkCancelTests : IAsyncLifetime
{
    private string _database = null!;

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task A_cancel_ends_what_a_lent_link_does_and_its_user_hears_of_it(bool portable, bool unix)
    {
        await using var server = unix ? await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway) : null;
        var database = server?.SocketConnectionString() ?? _database;
        await using var stage = LinkStage.For(portable, database);
        var link = await stage.OpenAsync();
        await stage.SendAsync(link, new Query(WireText.Of("select pg_sleep(600)")));
        await LinkStage.RunsAsync(database, link);

        Tell(link, LinkCommands.Cancel.Instance);

        var answers = await stage.ReadAsync(link, static use => use.IsAtRest);
        Assert.Equal("57014", answers.OfType<ErrorResponse>().Single().SqlState);
        Tell(link, new LinkCommands.Clean(Discard: false));
        await stage.HearAsync<LinkEvents.Cleaned>();
        Assert.Equal(0, await stage.DoAsync(() => link.Use.CancelsInFlight));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_is_not_fit_before_the_server_has_closed_the_connection_of_the_cancel(bool portable)
    {
        await using var relay = new Relay(_database);
        await using var stage = LinkStage.For(portable, relay.ConnectionString);
        var link = await stage.OpenAsync();
        relay.CloseGate();
        await stage.SendAsync(link, new Query(WireText.Of("select 1")));
        Tell(link, LinkCommands.Cancel.Instance);
        await stage.ReadAsync(link, static use => use is { IsAtRest: true, CancelsInFlight: 1 });

        Tell(link, new LinkCommands.Clean(Discard: false));
        while (relay.Connections < 2)
        {
            await Task.Delay(5);
        }
        Assert.Equal(LinkPhase.Cleaning, await stage.DoAsync(() => link.Phase));

        relay.OpenGate();
        await stage.HearAsync<LinkEvents.Cleaned>();
        Assert.Equal((0, "1"), (link.Use.CancelsInFlight, await stage.QueryAsync(link, "select 1")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancel_of_which_nothing_is_heard_costs_the_link(bool portable)
    {
        await using var relay = new Relay(_database);
        await using var stage = LinkStage.For(portable, relay.ConnectionString, more: "broker.gateway.timeouts.cancel-wait = 100ms");
        var link = await stage.OpenAsync();
        relay.CloseGate();
        await stage.SendAsync(link, new Query(WireText.Of("select 1")));
        Tell(link, LinkCommands.Cancel.Instance);
        await stage.ReadAsync(link, static use => use.IsAtRest);

        Tell(link, new LinkCommands.Clean(Discard: false));
        var closed = await stage.HearAsync<LinkEvents.Closed>();

        Assert.Equal((CloseReason.Broken, true), (closed.Reason, closed.Clean));
        Assert.True(await LinkStage.IsGoneAsync(_database, link));
        relay.OpenGate();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancel_that_reaches_nobody_holds_nothing_up(bool portable)
    {
        await using var server = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        var relay = new Relay(server.ConnectionString());
        await using var stage = LinkStage.For(portable, relay.ConnectionString);
        var link = await stage.OpenAsync();
        await stage.SendAsync(link, new Query(WireText.Of("select 1")));
        await stage.ReadAsync(link, static use => use.IsAtRest);
        relay.StopListening();
        Tell(link, LinkCommands.Cancel.Instance);
        Tell(link, new LinkCommands.Clean(Discard: false));
        await stage.HearAsync<LinkEvents.Cleaned>();
        await relay.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_gave_no_key_is_asked_to_cancel_nothing(bool portable)
    {
        await using var relay = new Relay(_database) { KeepsKey = true };
        await using var stage = LinkStage.For(portable, relay.ConnectionString);
        var link = await stage.OpenAsync();
        Assert.Null(link.Key);
        await stage.SendAsync(link, new Query(WireText.Of("select pg_sleep(0.2)")));

        Tell(link, LinkCommands.Cancel.Instance);
        Tell(link, new LinkCommands.Clean(Discard: false));
        await stage.HearAsync<LinkEvents.Cleaned>();

        Assert.Equal((1, 0), (relay.Connections, link.Use.CancelsInFlight));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancel_that_comes_when_nobody_has_the_link_any_more_cancels_nobody_else(bool portable)
    {
        await using var relay = new Relay(_database);
        await using var stage = LinkStage.For(portable, relay.ConnectionString);
        var link = await stage.OpenAsync();
        Tell(link, LinkCommands.Cancel.Instance);
        Assert.Equal("1", await stage.QueryAsync(link, "select 1"));
        Assert.Equal(1, relay.Connections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_that_is_closed_at_work_has_its_work_cancelled_and_is_over_when_its_process_is_gone(bool portable)
    {
        await using var stage = LinkStage.For(portable, _database);
        var link = await stage.OpenAsync();
        await stage.SendAsync(link, new Query(WireText.Of("select pg_sleep(600)")));
        await LinkStage.RunsAsync(_database, link);

        Tell(link, new LinkCommands.Close(CloseReason.HolderLost));
        var closed = await stage.HearAsync<LinkEvents.Closed>();

        Assert.Equal((CloseReason.HolderLost, true), (closed.Reason, closed.Clean));
        Assert.True(await LinkStage.IsGoneAsync(_database, link));
    }

    private static void Tell(WireLink link, object command) => link.Actor.Tell(command, ActorRefs.NoSender);
}
