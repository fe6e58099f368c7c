using System.Net;
using System.Net.Sockets;
using Broker.Client.Remote;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>Where an end listens, and where it cannot.</summary>
public sealed class ListeningTests
{
    [Fact]
    public async Task A_port_that_is_taken_is_refused_at_once()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var end = EndAt((IPEndPoint)taken.LocalEndpoint);

        var refused = await Assert.ThrowsAsync<SocketException>(
            () => Task.Run(() => RemoteSystems.Listen(RemoteSystems.DefaultName, end)).WaitAsync(TimeSpan.FromSeconds(60)));

        Assert.Equal(SocketError.AddressAlreadyInUse, refused.SocketErrorCode);
        Assert.Null(end.BoundTo);
    }

    [Fact]
    public void A_system_that_does_not_start_gives_its_port_back()
    {
        var end = EndAt(new(IPAddress.Loopback, 0));

        Assert.ThrowsAny<ArgumentException>(() => RemoteSystems.Listen("no name of a system", end));

        Assert.True(end.Socket.SafeHandle.IsClosed);
    }

    private static ListeningEnd EndAt(IPEndPoint endPoint) => new(endPoint, null, SaidSerializer.Format, "/user/door");
}
