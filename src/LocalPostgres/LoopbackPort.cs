using System.Net;
using System.Net.Sockets;

namespace Broker.Host;

/// <summary>Ports of 127.0.0.1 that nobody listens at. Somebody may take one between the look and its use.</summary>
internal static class LoopbackPort
{
    /// <summary>This one when it is free, else any that is.</summary>
    internal static int FreeLike(int preferred) => TryTake(preferred) ?? Free();

    /// <summary>Any that is free.</summary>
    internal static int Free() => TryTake(0)!.Value;

    private static int? TryTake(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
