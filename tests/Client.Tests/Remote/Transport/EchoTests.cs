using System.Net;
using Broker.Client.Remote;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

public sealed class EchoTests : Wires
{
    [Fact]
    public async Task What_is_said_before_anybody_is_there_to_hear_it_waits()
    {
        var (_, first, clock) = Connect();
        Listen(new ListeningEnd(new(IPAddress.Loopback, 0), null, SaidSerializer.Format, "/user/door"));
        var (_, door, caller) = Connect();
        door.Tell(new Said("hello"), caller.Ref);
        for (var time = 0; time < 200; time++)
        {
            first.Tell(new Said("time passes"), clock.Ref);
            await clock.Next();
        }

        LetIn();

        Assert.Equal("hello", await caller.Next());
    }

    [Fact]
    public async Task Thousands_of_messages_come_back_in_order()
    {
        var (end, door, caller) = Connect();
        for (var number = 0; number < 5000; number++)
        {
            door.Tell(new Said($"{number}"), caller.Ref);
        }

        for (var number = 0; number < 5000; number++)
        {
            Assert.Equal($"{number}", await caller.Next());
        }

        Assert.True(end.Established.IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16 * 1024)]
    [InlineData(64 * 1024)]
    [InlineData(127_000)]
    public async Task A_large_message_comes_back_whole(int length)
    {
        var (_, door, caller) = Connect();
        var text = string.Create(length, 0, static (span, _) => span.Fill('x'));

        for (var time = 0; time < 20; time++)
        {
            door.Tell(new Said(text), caller.Ref);
            door.Tell(new Said("short"), caller.Ref);
        }

        for (var time = 0; time < 20; time++)
        {
            Assert.Equal(text, await caller.Next());
            Assert.Equal("short", await caller.Next());
        }
    }

    [Fact]
    public async Task What_several_threads_send_at_once_comes_back_each_in_its_order()
    {
        var system = Connect(Client());
        var door = RemoteSystems.Resolve(system, "/user/door");
        var callers = Enumerable.Range(0, 8).Select(_ => new Caller(system)).ToArray();

        await Task.WhenAll(callers.Select(caller => Task.Run(() =>
        {
            for (var number = 0; number < 1000; number++)
            {
                door.Tell(new Said($"{number}"), caller.Ref);
            }
        })));

        foreach (var caller in callers)
        {
            for (var number = 0; number < 1000; number++)
            {
                Assert.Equal($"{number}", await caller.Next());
            }
        }
    }

    [Fact]
    public async Task Who_is_connected_is_in_the_directory_until_it_goes()
    {
        var (end, door, caller) = Connect(name: "client-7");
        door.Tell(new Said("hello"), caller.Ref);
        await caller.Next();

        var peer = Door.Peers.Find("client-7")!;
        Assert.Equal("127.0.0.1", peer.EndPoint.Address.ToString());
        Assert.Null(peer.CertificateThumbprint);

        await caller.System.Terminate();
        await end.Ended;
        await Until(() => Door.Peers.Find("client-7") is null);
    }
}
