using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Broker.Gateway.Listeners;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Gateway.Listeners;

public sealed class ListenerTests : TestKit
{
    private const int Backlog = 16;
    private const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("b-");
    private readonly TestProbe _gateway;

    public ListenerTests() : base(Patience.Hocon) => _gateway = CreateTestProbe();

    protected override void AfterAll()
    {
        base.AfterAll();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Clients_are_handed_on_from_TCP_and_from_a_folder()
    {
        var tcp = ListeningSocket.OnTcp(new(IPAddress.Loopback, 0), Backlog);
        var unix = ListeningSocket.OnUnix(_folder.FullName, 6432, Mine, Backlog);
        foreach (var (listening, address) in new (ListeningSocket, EndPoint)[] { (tcp, tcp.Socket.LocalEndPoint!), (unix, Unix(6432)) })
        {
            var listener = Listen(listening);
            using var client = Connect(address);
            var connected = _gateway.ExpectMsg<ClientConnected>();
            Assert.Equal(listening.Address, connected.At);
            client.Send("hello"u8);
            Assert.Equal(5, connected.Socket.Receive(new byte[8]));
            connected.Socket.Dispose();

            Watch(listener);
            Sys.Stop(listener);
            ExpectTerminated(listener);
            // Not that nobody answers there: in the meantime the port may be another's.
            Assert.True(listening.Socket.SafeHandle.IsClosed);
        }
        Assert.Empty(_folder.GetFiles());
    }

    [LinuxFact]
    public void A_client_in_a_folder_is_known_by_its_process()
    {
        Listen(ListeningSocket.OnUnix(_folder.FullName, 1, Mine, Backlog));
        using var client = Connect(Unix(1));
        var peer = _gateway.ExpectMsg<ClientConnected>().Peer!.Value;

        Assert.Equal(Environment.ProcessId, peer.ProcessId);
        Assert.Equal(Environment.UserName, peer.UserName());
        Assert.Null(new PeerProcess(1, uint.MaxValue - 7).UserName());
    }

    [Fact]
    public void Only_those_who_may_can_connect()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        using var listening = ListeningSocket.OnUnix(_folder.FullName, 2, Mine, Backlog);

        Assert.Equal(Mine, File.GetUnixFileMode(Unix(2).ToString()));
    }

    [Fact]
    public void What_a_dead_process_has_left_is_replaced_and_what_somebody_answers_on_is_not()
    {
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(Unix(3));
        }
        File.WriteAllText(Unix(3).ToString() + ".other", "");
        using var listening = ListeningSocket.OnUnix(_folder.FullName, 3, Mine, Backlog);

        Assert.Contains("already", Assert.Throws<ListenException>(() => ListeningSocket.OnUnix(_folder.FullName, 3, Mine, Backlog)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_listened_on_is_named_with_the_reason()
    {
        using var taken = ListeningSocket.OnTcp(new(IPAddress.Loopback, 0), Backlog);
        var address = (IPEndPoint)taken.Socket.LocalEndPoint!;

        Assert.Contains(address.ToString(), Assert.Throws<ListenException>(() => ListeningSocket.OnTcp(address, Backlog)).Message,
            StringComparison.Ordinal);
        Assert.Contains("107",
            Assert.Throws<ListenException>(() => ListeningSocket.OnUnix("/" + new string('x', 100), 5432, Mine, Backlog)).Message,
                StringComparison.Ordinal);
        Assert.Throws<ListenException>(() => ListeningSocket.OnUnix(Path.Combine(_folder.FullName, "nowhere"), 1, Mine, Backlog));
    }

    private IActorRef Listen(ListeningSocket listening) => _gateway.ChildActorOf(ListenerActor.For(listening));

    private UnixDomainSocketEndPoint Unix(int port) => new(Path.Combine(_folder.FullName, $".s.PGSQL.{port}"));

    private static Socket Connect(EndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream,
            address.AddressFamily is AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            socket.Connect(address);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}
