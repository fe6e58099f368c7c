using System.Net;
using System.Net.Sockets;

namespace Broker.Client.Remote.Transport;

/// <summary>Where the other side of a socket is. One that came to a socket of both families by IPv4 has its address of IPv4.</summary>
internal static class SocketOrigin
{
    internal static IPEndPoint Of(Socket socket)
    {
        var from = (IPEndPoint)socket.RemoteEndPoint!;
        return from.Address.IsIPv4MappedToIPv6 ? new(from.Address.MapToIPv4(), from.Port) : from;
    }
}
