using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote;
using Broker.Client.Remote.Links;

namespace Broker.Client.Tests.Remote;

/// <summary>A link that ends while others use it.</summary>
public sealed class RemoteLinkTests
{
    private const string Nowhere = "akka.tcp://broker@127.0.0.1:1";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Who_asks_for_a_broker_while_the_link_ends_is_refused()
    {
        var link = Link();

        var closing = link.CloseAsync();
        var opening = link.OpenAsync(CancellationToken.None);

        Assert.IsType<BrokerStopping>((await Assert.ThrowsAsync<BrokerException>(() => opening.WaitAsync(Limit))).Failure);
        await closing.WaitAsync(Limit);
    }

    [Fact]
    public async Task Who_asks_for_a_broker_when_the_link_has_ended_is_refused()
    {
        var link = Link();
        await link.CloseAsync().WaitAsync(Limit);

        var opening = link.OpenAsync(CancellationToken.None);

        Assert.IsType<BrokerStopping>((await Assert.ThrowsAsync<BrokerException>(() => opening.WaitAsync(Limit))).Failure);
    }

    [Fact]
    public async Task It_is_ended_by_several_at_a_time_while_others_ask_for_the_broker()
    {
        for (var time = 0; time < 20; time++)
        {
            var link = Link();
            var closings = Enumerable.Range(0, 4).Select(_ => Task.Run(link.CloseAsync)).ToArray();
            var openings = Enumerable.Range(0, 4).Select(_ => Task.Run(() => link.OpenAsync(CancellationToken.None))).ToArray();

            foreach (var opening in openings)
            {
                Assert.IsType<BrokerStopping>((await Assert.ThrowsAsync<BrokerException>(() => opening.WaitAsync(Limit))).Failure);
            }
            await Task.WhenAll(closings).WaitAsync(Limit);
        }
    }

    [Fact]
    public async Task Nothing_is_kept_of_wires_and_links_that_have_ended()
    {
        var ended = new List<WeakReference>();
        for (var time = 0; time < 5; time++)
        {
            ended.AddRange(await EndedAsync());
        }

        // Sooner than a thread of the pool ends that has nothing to do, with all that it holds.
        using var limit = new CancellationTokenSource(Limit);
        while (ended.Any(static one => one.IsAlive))
        {
            await Task.Delay(20, limit.Token);
            GC.Collect();
        }
    }

    private static async Task<IEnumerable<WeakReference>> EndedAsync()
    {
        var link = Link();
        var wire = Wire.Make(RemoteAddress.Parse(Nowhere), new() { User = "ann", Password = "secret" }, ActorRefs.Nobody);
        wire.Tell(wire.Door, Goodbye.Instance);
        await wire.CloseAsync().WaitAsync(Limit);
        await link.CloseAsync().WaitAsync(Limit);
        return [new(wire), new(link)];
    }

    private static RemoteLink Link() => RemoteLink.To(Nowhere, new() { User = "ann", Password = "secret" });
}
