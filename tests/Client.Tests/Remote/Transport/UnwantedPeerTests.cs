using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Broker.Client.Remote.Transport;
using Microsoft.Extensions.Time.Testing;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>Peers that break rules or break off: each is closed and told of, and the broker goes on.</summary>
public sealed class UnwantedPeerTests : Wires
{
    [Fact]
    public async Task A_message_that_is_not_allowed_closes_the_connection_before_any_actor_hears_it()
    {
        using var peer = await Associated();
        await peer.SendFrame(Pdu.Message("akka.tcp://broker@door:1/user/other"));

        await peer.UntilClosed();
        Assert.Contains("/user/other", await Warnings.Next("closed the connection"), StringComparison.Ordinal);
        await AssertStillAnswers();
        Assert.True(AtOther.IsEmpty);
    }

    [Fact]
    public async Task A_message_that_is_allowed_reaches_its_actor()
    {
        using var peer = await Associated();
        await peer.SendFrame(Pdu.Message(text: "by hand"));

        Assert.Equal(new Said("by hand"), await AtDoor.Next());
    }

    [Fact]
    public async Task Frames_cut_anywhere_are_put_together()
    {
        using var peer = await RawPeer.To(Door.BoundTo!);
        var bytes = RawPeer.Framed(Pdu.Associate()).Concat(Enumerable.Range(0, 50).SelectMany(number => RawPeer.Framed(Pdu.Message(text: $"{number}"))));
        foreach (var piece in bytes.Chunk(7))
        {
            await peer.Send(piece);
        }

        for (var number = 0; number < 50; number++)
        {
            Assert.Equal(new Said($"{number}"), await AtDoor.Next());
        }
    }

    [Theory]
    [InlineData(0x7F000000)]
    [InlineData(128_017)]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_frame_of_a_length_that_none_has_closes_the_connection(int length)
    {
        using var peer = await Associated();
        await peer.Send([(byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length, 1, 2, 3]);

        await peer.UntilClosed();
        await Warnings.Next("a frame of");
        await AssertStillAnswers();
    }

    [Fact]
    public async Task Who_speaks_another_protocol_is_closed()
    {
        using var peer = await RawPeer.To(Door.BoundTo!, greets: false);
        await peer.Send("GET / HTTP/1.1\r\n\r\n"u8.ToArray());

        await peer.UntilClosed();
        await Warnings.Next("another protocol");
        await AssertStillAnswers();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_is_gone_at_once_is_taken_from_the_directory(bool reset)
    {
        var peer = await Associated();
        Assert.NotNull(Door.Peers.Find("client-7"));
        if (reset)
        {
            peer.Reset();
        }

        peer.Dispose();
        await Until(() => Door.Peers.Count == 0);
        await AssertStillAnswers();
    }

    [Fact]
    public async Task A_client_that_says_that_it_sends_no_more_has_gone()
    {
        using var peer = await Associated();
        peer.SayNoMore();

        await peer.UntilClosed();
        await Until(() => Door.Peers.Count == 0);
    }

    [Fact]
    public async Task A_client_that_says_goodbye_has_gone()
    {
        using var peer = await Associated();
        await peer.SendFrame(Pdu.Goodbye);

        await peer.UntilClosed();
        await Until(() => Door.Peers.Count == 0);
    }

    [Fact]
    public async Task Nobody_gets_the_name_of_a_client_that_is_there()
    {
        using var first = await Associated();
        using var second = await RawPeer.To(Door.BoundTo!);
        await second.SendFrame(Pdu.Associate());

        await second.UntilClosed();
        await Warnings.Next("client-7 belongs to another");
        await first.SendFrame(Pdu.Message(text: "still me"));
        Assert.Equal(new Said("still me"), await AtDoor.Next());
        Assert.NotNull(Door.Peers.Find("client-7"));
    }

    [Fact]
    public async Task One_connection_more_than_there_may_be_is_told_so_and_closed()
    {
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { MaxConnections = 2 });
        using var first = await RawPeer.To(Door.BoundTo!);
        var second = await RawPeer.To(Door.BoundTo!);

        var (end, door, caller) = Connect();
        door.Tell(new Said("let me in"), caller.Ref);
        Assert.Contains("as many connections as it may have", await end.Ended, StringComparison.Ordinal);

        second.Dispose();
        await UntilAsync(async () =>
        {
            var (again, again_, caller_) = Connect();
            again_.Tell(new Said("now?"), caller_.Ref);
            return await Task.WhenAny(again.Established, again.Ended) == again.Established && again.Established.IsCompletedSuccessfully;
        });
    }

    [Fact]
    public async Task Who_does_not_say_in_time_who_it_is_is_closed()
    {
        var clock = new FakeTimeProvider();
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { Clock = clock });
        using var silent = await RawPeer.To(Door.BoundTo!, greets: false);
        using var greeting = await RawPeer.To(Door.BoundTo!);

        await Closed(silent, clock);
        await Closed(greeting, clock);
        await Warnings.Next("in time");
        await Warnings.Next("in time");
    }

    [Fact]
    public async Task Of_several_that_do_not_say_who_they_are_each_is_closed()
    {
        var clock = new FakeTimeProvider();
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { Clock = clock });
        using var first = await RawPeer.To(Door.BoundTo!);
        using var second = await RawPeer.To(Door.BoundTo!);
        using var third = await RawPeer.To(Door.BoundTo!);

        await Closed(first, clock);
        await Closed(second, clock);
        await Closed(third, clock);
    }

    [Fact]
    public async Task A_frame_that_does_not_end_in_time_closes_the_connection_and_idleness_does_not()
    {
        var clock = new FakeTimeProvider();
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { Clock = clock });
        using var idle = await Associated("client-8");
        using var dribbling = await Associated();
        await dribbling.Send([0, 0, 1]);

        await Closed(dribbling, clock);
        await Warnings.Next("a frame took longer");
        await idle.SendFrame(Pdu.Message(text: "here"));
        Assert.Equal(new Said("here"), await AtDoor.Next());
    }

    [Fact]
    public async Task A_client_for_which_too_much_waits_is_closed_at_once()
    {
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { Clock = new FakeTimeProvider() });
        using var deaf = await Associated();

        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            for (var time = 0; time < 1000; time++)
            {
                await deaf.Send(Long);
            }
        });

        await Warnings.Next("bytes wait for it");
        await Until(() => Door.Peers.Count == 0);
        await Until(() => !ActorsFor("endpointManager").Any());
        while (!Warnings.IsEmpty)
        {
            Assert.DoesNotContain("closed the connection", (await Warnings.Next()).ToString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_client_that_is_not_let_in_is_closed_and_one_that_is_in_is_not()
    {
        var clock = new FakeTimeProvider();
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { Clock = clock, AdmissionLimit = TimeSpan.FromSeconds(20) });
        using var stranger = await Associated();
        using var friend = await Associated("client-8");
        Door.Peers.Admit("client-8");

        await stranger.SendFrame(Pdu.Message(text: "not let in"));
        await Closed(stranger, clock);
        await Warnings.Next("not let in within");
        await friend.SendFrame(Pdu.Message(text: "here"));
        while (!new Said("here").Equals(await AtDoor.Next()))
        {
            // what the stranger said
        }

        Door.Peers.Dismiss("client-8");
        await Closed(friend, clock);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task More_that_say_nothing_than_may_be_greeted_at_a_time_are_closed(int connections)
    {
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { MaxConnections = connections, MaxGreetings = 2 });
        var first = await RawPeer.To(Door.BoundTo!, greets: false);
        var second = await RawPeer.To(Door.BoundTo!, greets: false);
        using var third = await RawPeer.To(Door.BoundTo!, greets: false);

        await third.UntilClosed();

        await Warnings.Next("being greeted");
        first.Dispose();
        second.Dispose();
        await UntilAsync(async () =>
        {
            var (end, door, caller) = Connect();
            door.Tell(new Said("now?"), caller.Ref);
            return await Task.WhenAny(end.Established, end.Ended) == end.Established && end.Established.IsCompletedSuccessfully;
        });
    }

    [Fact]
    public async Task A_client_that_reads_nothing_is_closed_when_enough_waits_for_it_for_long()
    {
        var clock = new FakeTimeProvider();
        var limits = new ConnectionLimits { Backlog = 64 * 1024 * 1024 };
        Open(new(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door") { Clock = clock, Limits = limits });
        using var deaf = await Associated();
        for (var time = 0; time < 200; time++)
        {
            await deaf.Send(Long);
        }

        for (var time = 0; time < 200; time++)
        {
            await AtDoor.Next();
        }

        await UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(Door.Peers.Count == 0);
        });
        await Warnings.Next("taken nothing");
    }

    [Fact]
    public async Task Nothing_is_kept_of_clients_that_are_gone()
    {
        var peers = new List<WeakReference>();
        foreach (var number in Enumerable.Range(0, 20))
        {
            var peer = await Associated($"client-{number}");
            peers.Add(new(Door.Peers.Find($"client-{number}")));
            await peer.SendFrame(Pdu.Message(sender: $"akka.tcp://client-{number}@client:1/user/a"));
            await AtDoor.Next();
            Assert.NotEmpty(ActorsFor("endpointManager"));
            peer.Reset();
        }

        await Until(() => !ActorsFor("endpointManager").Any());
        await Until(() => !ActorsFor("transports").Cast<ActorRefWithCell>().SelectMany(static protocol => protocol.Children).Any());
        await Until(() =>
        {
            GC.Collect();
            return !peers.Any(static peer => peer.IsAlive);
        });
    }

    [Fact]
    public async Task A_broker_connects_to_nobody()
    {
        using var peer = await Associated();
        await peer.SendFrame(Pdu.Message(sender: "akka.tcp://client-7@client:1/user/a"));
        await AtDoor.Next();

        var elsewhere = ((ExtendedActorSystem)Broker).Provider.ResolveActorRef("akka.tcp://client-9@127.0.0.1:5432/user/a");
        elsewhere.Tell(new Said("anybody?"));
        await Warnings.Next("A broker connects to nobody");
    }

    /// <summary>A frame that is answered by another of its length.</summary>
    private static byte[] Long { get; } = RawPeer.Framed(Pdu.Message(text: new string('x', 100_000), sender: "akka.tcp://client-7@client:1/user/a"));

    /// <summary>What Akka.Remote has below one of its own actors: something for each association.</summary>
    private IEnumerable<IActorRef> ActorsFor(string name) =>
        ((ActorRefWithCell)((ActorRefWithCell)((ExtendedActorSystem)Broker).SystemGuardian).GetSingleChild(name)).Children;

    private async Task<RawPeer> Associated(string name = "client-7")
    {
        var peer = await RawPeer.To(Door.BoundTo!);
        await peer.SendFrame(Pdu.Associate(Pdu.Origin(name)));
        await peer.ReadFrame();
        return peer;
    }

    private static async Task Closed(RawPeer peer, FakeTimeProvider clock)
    {
        var closed = peer.UntilClosed();
        await UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(closed.IsCompleted);
        });
        await closed;
    }
}
