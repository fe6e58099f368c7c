using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Tests.Streaming;

public sealed class ListeningTests : ScriptedBroker
{
    [Fact]
    public async Task Notifications_come_in_order_and_a_gap_is_marked()
    {
        await using var heard = Client.ListenAsync("orders", "news").GetAsyncEnumerator();
        var first = heard.MoveNextAsync();
        await Started();
        Pool.Reply(new Notified("news", "one", 17));
        Pool.Reply(new ListeningGap("news"));
        Pool.Reply(new Notified("news", "two", 18));
        Assert.True(await first);
        Assert.Equal(new Notification("news", "one", 17), heard.Current);
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal(new Notification("news", "", 0, Gap: true), heard.Current);
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal("two", heard.Current.Payload);
    }

    [Fact]
    public async Task Leaving_the_loop_stops_listening_as_the_one_who_started()
    {
        var heard = Client.ListenAsync("orders", "news").GetAsyncEnumerator();
        var first = heard.MoveNextAsync();
        await Started();
        var listener = Pool.LastSender;
        Pool.Reply(new Notified("news", "one", 17));
        await first;
        await heard.DisposeAsync();
        Assert.Equal("news", (await Pool.ExpectMsgAsync<StopListening>()).Channel);
        Assert.Equal(listener, Pool.LastSender);
    }

    [Fact]
    public async Task Cancelling_stops_listening()
    {
        using var caller = new CancellationTokenSource();
        var listening = Client.ListenAsync("orders", "news", caller.Token).ToListAsync().AsTask();
        await Started();
        await caller.CancelAsync();
        await Pool.ExpectMsgAsync<StopListening>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
    }

    [Fact]
    public async Task Started_first_it_hears_what_was_notified_before_it_is_enumerated()
    {
        var listening = Client.ListenAsync("orders", "news");
        var starting = listening.StartAsync();
        await Started();
        Pool.Reply(new Notified("news", "early", 17));
        await starting;
        await using var heard = listening.GetAsyncEnumerator();
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal("early", heard.Current.Payload);
        await Pool.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task Started_and_disposed_it_stops_once()
    {
        var listening = Client.ListenAsync("orders", "news");
        var starting = listening.StartAsync();
        await Started();
        await starting;
        await listening.DisposeAsync();
        await listening.DisposeAsync();
        await Pool.ExpectMsgAsync<StopListening>();
        await Pool.ExpectNoMsgAsync(TimeSpan.Zero);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await listening.StartAsync());
    }

    [Fact]
    public async Task A_refusal_is_thrown()
    {
        var listening = Client.ListenAsync("orders", "news").ToListAsync().AsTask();
        await Pool.ExpectMsgAsync<StartListening>();
        Pool.Reply(new Refused(new PoolHeld(Orders)));
        await FailsWith<PoolHeld>(() => listening);
    }

    [Fact]
    public async Task The_death_of_the_pool_ends_listening()
    {
        var listening = Client.ListenAsync("orders", "news").ToListAsync().AsTask();
        await Started();
        Sys.Stop(Pool.Ref);
        await FailsWith<BrokerStopping>(() => listening);
    }

    private async Task Started()
    {
        Assert.Equal("news", (await Pool.ExpectMsgAsync<StartListening>()).Channel);
        Pool.Reply(new ListeningStarted("news"));
    }
}
