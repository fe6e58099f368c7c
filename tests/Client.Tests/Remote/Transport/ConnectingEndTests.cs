using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Broker.Client.Remote;
using Broker.Client.Remote.Transport;
using Microsoft.Extensions.Time.Testing;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>What a client hears of its wire.</summary>
public sealed class ConnectingEndTests : Wires
{
    [Fact]
    public async Task A_broker_that_is_not_there_is_told_of_with_each_address_tried()
    {
        var nobody = Nobody();
        var end = new ConnectingEnd([nobody, new DnsEndPoint("localhost", nobody.Port, AddressFamily.InterNetwork)], null, SaidSerializer.Format);

        var told = await Fails(end);
        Assert.Equal(2, told.Split($"127.0.0.1:{nobody.Port}: Connection refused").Length - 1);
    }

    [Fact]
    public async Task The_next_address_is_tried_when_one_does_not_answer()
    {
        var end = new ConnectingEnd(
            [Nobody(), new DnsEndPoint("localhost", Door.BoundTo!.Port, AddressFamily.InterNetwork)], null, SaidSerializer.Format);
        var system = Connect(end);
        var caller = new Caller(system);
        RemoteSystems.Resolve(system, "/user/door").Tell(new Said("found"), caller.Ref);

        Assert.Equal("found", await caller.Next());
    }

    [Fact]
    public async Task A_name_that_is_none_is_told_of()
    {
        var end = new ConnectingEnd([new DnsEndPoint("no.such.host.invalid", 1)], null, SaidSerializer.Format);
        Assert.Contains("no.such.host.invalid", await Fails(end), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_takes_the_connection_and_says_nothing_is_given_up_in_time()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var clock = new FakeTimeProvider();
        var end = new ConnectingEnd([silent.LocalEndpoint], null, SaidSerializer.Format) { Clock = clock };

        Use(end);
        using var taken = await silent.AcceptSocketAsync();
        await UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(end.Ended.IsCompleted);
        });
        Assert.Contains("nothing came of it within 5 s", await end.Ended, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_answers_but_is_no_broker_is_told_of()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var end = new ConnectingEnd([other.LocalEndpoint], null, SaidSerializer.Format);

        Use(end);
        using var taken = await other.AcceptSocketAsync();
        await taken.SendAsync("220 mail ready\r\n"u8.ToArray());
        Assert.Contains("no broker's door", await end.Ended.WaitAsync(Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_of_another_name_is_told_of()
    {
        var end = Client();
        var system = Connect(end);
        RemoteSystems.Resolve(system, "/user/door", "another").Tell(new Said("hello"));

        Assert.Contains("is called broker, not another", await end.Ended.WaitAsync(Patience), StringComparison.Ordinal);
        Assert.True(end.Established.IsFaulted);
    }

    [Fact]
    public async Task A_wire_ends_when_the_broker_does_and_is_not_made_again()
    {
        var end = Client();
        var door = Use(end);
        await end.Established.WaitAsync(Patience);

        await Broker.Terminate();
        await end.Ended.WaitAsync(Patience);

        using var listening = new TcpListener(Door.BoundTo!);
        listening.Start();
        door.Tell(new Said("again"));
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        Assert.False(listening.Pending());
    }

    [Fact]
    public async Task Both_systems_end_soon_and_leave_no_connection()
    {
        var system = Connect(Client());
        var caller = new Caller(system);
        RemoteSystems.Resolve(system, "/user/door").Tell(new Said("hello"), caller.Ref);
        await caller.Next();

        var since = TimeProvider.System.GetTimestamp();
        await system.Terminate();
        await Until(() => Door.Peers.Count == 0);
        await Broker.Terminate();
        Assert.InRange(TimeProvider.System.GetElapsedTime(since), TimeSpan.Zero, TimeSpan.FromSeconds(4));

        using var again = new TcpListener(Door.BoundTo!);
        again.Start();
    }

    [Fact]
    public async Task A_client_connects_to_nobody_that_a_message_names()
    {
        var (end, door, caller) = Connect();
        door.Tell(new Said("hello"), caller.Ref);
        await caller.Next();

        using var listening = new TcpListener(IPAddress.Loopback, 0);
        listening.Start();
        var system = caller.System;
        ((ExtendedActorSystem)system).Provider.ResolveActorRef($"akka.tcp://x@127.0.0.1:{((IPEndPoint)listening.LocalEndpoint).Port}/user/a").Tell(new Said("hello"));
        door.Tell(new Said("still there"), caller.Ref);

        Assert.Equal("still there", await caller.Next());
        Assert.False(end.Ended.IsCompleted);
        Assert.False(listening.Pending());
    }

    /// <summary>Where nobody listens.</summary>
    private static IPEndPoint Nobody()
    {
        using var listening = new TcpListener(IPAddress.Loopback, 0);
        listening.Start();
        return (IPEndPoint)listening.LocalEndpoint;
    }

    private IActorRef Use(ConnectingEnd end)
    {
        var door = RemoteSystems.Resolve(Connect(end), "/user/door");
        door.Tell(new Said("hello"));
        return door;
    }

    private async Task<string> Fails(ConnectingEnd end)
    {
        Use(end);
        return (await Assert.ThrowsAsync<RemoteConnectException>(() => end.Established.WaitAsync(Patience))).Message;
    }
}
