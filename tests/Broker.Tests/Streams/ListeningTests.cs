using Akka.Actor;
using Akka.TestKit;
using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Tests.Hosting;
using Xunit;

namespace Broker.Tests.Streams;

/// <summary>LISTEN through the one listening connection of a pool.</summary>
public sealed class ListeningTests : StreamStage
{
    [Fact]
    public async Task What_is_notified_after_listening_has_started_is_heard_in_order()
    {
        Start();
        await using var listening = Broker.ListenAsync("orders", "news");
        await listening.StartAsync();
        for (var i = 1; i <= 100; i++)
        {
            await RunAsync($"select pg_notify('news', '{i}')");
        }
        await using var heard = listening.GetAsyncEnumerator();
        for (var i = 1; i <= 100; i++)
        {
            Assert.True(await heard.MoveNextAsync());
            Assert.Equal(("news", $"{i}", false), (heard.Current.Channel, heard.Current.Payload, heard.Current.Gap));
        }
    }

    [Theory]
    [InlineData("News")]
    [InlineData("a \"quoted\" name; unlisten *")]
    [InlineData("ünïcode")]
    public async Task A_channels_name_is_taken_as_it_is(string channel)
    {
        Start();
        var listener = await ListenAsync(channel);
        await Broker.ExecuteAsync("orders", $"select pg_notify({channel}, 'x')");
        var notified = await listener.ExpectMsgAsync<Notified>();
        Assert.Equal((channel, "x"), (notified.Channel, notified.Payload));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task A_name_that_no_channel_can_have_is_refused(string channel)
    {
        Start();
        var refused = await FailureOfAsync<StatementRefused>(async () => await Broker.ListenAsync("orders", channel).StartAsync());
        Assert.Equal(channel, refused.Text);
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task All_listeners_of_a_pool_share_one_connection_which_is_none_of_the_pools()
    {
        Start();
        TestProbe[] listeners = [await ListenAsync("a"), await ListenAsync("a"), await ListenAsync("b")];
        await RunAsync("select pg_notify('a', '1'), pg_notify('b', '2')");
        Assert.Equal(["1", "1", "2"], await Task.WhenAll(listeners.Select(async one => (await one.ExpectMsgAsync<Notified>()).Payload)));
        Assert.Equal(1, await ListeningProcessesAsync());
        await UntilAsync(status => status.Idle == 1);
        Assert.Equal(2, (await BudgetAsync()).Used);
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_listener_that_reads_nothing_keeps_no_other_waiting()
    {
        Start();
        await using var slow = Broker.ListenAsync("orders", "news");
        await slow.StartAsync();
        var quick = await ListenAsync("news");
        await RunAsync("select pg_notify('news', i::text) from generate_series(1, 1000) i");
        for (var i = 1; i <= 1000; i++)
        {
            Assert.Equal($"{i}", (await quick.ExpectMsgAsync<Notified>()).Payload);
        }
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_lost_listening_connection_is_made_anew_and_every_listener_told_of_the_gap()
    {
        Start();
        var one = await ListenAsync("a");
        var other = await ListenAsync("b");
        await RunAsync(KillListener);
        Assert.Equal("a", (await one.ExpectMsgAsync<ListeningGap>(TimeSpan.FromSeconds(20))).Channel);
        Assert.Equal("b", (await other.ExpectMsgAsync<ListeningGap>()).Channel);
        await RunAsync("select pg_notify('a', 'again')");
        Assert.Equal("again", (await one.ExpectMsgAsync<Notified>()).Payload);
    }

    [Fact]
    public async Task The_loop_that_listens_goes_on_after_a_gap()
    {
        Start();
        await using var listening = Broker.ListenAsync("orders", "news");
        await listening.StartAsync();
        await RunAsync(KillListener);
        await using var heard = listening.GetAsyncEnumerator();
        Assert.True(await heard.MoveNextAsync());
        Assert.True(heard.Current.Gap);
        await RunAsync("select pg_notify('news', 'later')");
        Assert.True(await heard.MoveNextAsync());
        Assert.Equal("later", heard.Current.Payload);
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_channel_nobody_listens_to_any_more_is_unlistened_and_the_others_are_still_heard()
    {
        Start();
        var stays = await ListenAsync("stays");
        var goes = await ListenAsync("goes");
        (await PoolAsync()).Tell(new StopListening("goes"), goes.Ref);
        // Starting once more comes behind it, and shows that the connection has worked on since.
        var last = await ListenAsync("last");
        await RunAsync("select pg_notify('goes', 'x'), pg_notify('last', 'y'), pg_notify('stays', 'z')");
        Assert.Equal("y", (await last.ExpectMsgAsync<Notified>()).Payload);
        Assert.Equal("z", (await stays.ExpectMsgAsync<Notified>()).Payload);
        await goes.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task When_the_last_listener_has_gone_its_connection_is_closed_and_its_permit_given_back()
    {
        Start();
        var stops = await ListenAsync("a");
        var dies = await ListenAsync("b");
        Assert.Equal(1, await ListeningProcessesAsync());
        (await PoolAsync()).Tell(new StopListening("a"), stops.Ref);
        Sys.Stop(dies.Ref);
        await UntilAsync(async () => await ListeningProcessesAsync() == 0);
        await UntilAsync(async () => (await BudgetAsync()).Used == 1);
        await ListenAsync("again");
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task Listening_twice_is_answered_twice_and_heard_once()
    {
        Start();
        var listener = await ListenAsync("news");
        (await PoolAsync()).Tell(new StartListening("news"), listener.Ref);
        await listener.ExpectMsgAsync<ListeningStarted>();
        await RunAsync("select pg_notify('news', '1')");
        await RunAsync("select pg_notify('news', '2')");
        Assert.Equal("1", (await listener.ExpectMsgAsync<Notified>()).Payload);
        Assert.Equal("2", (await listener.ExpectMsgAsync<Notified>()).Payload);
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task Invalidating_the_pool_makes_the_listening_connection_anew()
    {
        Start();
        var listener = await ListenAsync("news");
        await Broker.InvalidateAsync("orders");
        await listener.ExpectMsgAsync<ListeningGap>(TimeSpan.FromSeconds(20));
    }

    [AtHomeFact("from afar one that stops is one that may come back: it is BrokerUnreachable after RemoteOptions.LossLimit")]
    public async Task A_listener_learns_that_the_broker_stops()
    {
        Start();
        await using var listening = Broker.ListenAsync("orders", "news");
        await listening.StartAsync();
        var reading = FailureOfAsync<BrokerStopping>(async () =>
        {
            await foreach (var _ in listening)
            {
            }
        });
        await CoordinatedShutdown.Get(Sys).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
        await reading;
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_told_when_the_patience_is_over()
    {
        Start("size = 1, acquire-timeout = 100ms", server: "Host=127.0.0.1;Port=1;Database=none;Username=nobody");
        await FailureOfAsync<ServerUnavailable>(async () => await Broker.ListenAsync("orders", "news").StartAsync());
    }

    private const string KillListener = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' and pid <> pg_backend_pid() and datname = current_database()";

    private async Task<TestProbe> ListenAsync(string channel)
    {
        var probe = CreateTestProbe();
        (await PoolAsync()).Tell(new StartListening(channel), probe.Ref);
        Assert.Equal(channel, (await probe.ExpectMsgAsync<ListeningStarted>(TimeSpan.FromSeconds(20))).Channel);
        return probe;
    }

    private Task<long> ListeningProcessesAsync() =>
        AskAsync<long>("select count(*) from pg_stat_activity where query like 'LISTEN%' and pid <> pg_backend_pid() and datname = current_database()");

    private async Task<BudgetStatus> BudgetAsync()
    {
        var asking = CreateTestProbe();
        Sys.ActorSelection("/user/broker/pools/budget-*").Tell(BudgetCommands.GetBudgetStatus.Instance, asking.Ref);
        return await asking.ExpectMsgAsync<BudgetStatus>();
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await isSo())
        {
            Assert.False(limit.IsCancellationRequested, "it never came to it");
            await Task.Delay(5);
        }
    }
}
