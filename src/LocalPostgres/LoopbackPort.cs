using System.Net;
using System.Net.Sockets;

namespace Broker.Postgres;

/// <summary>
/// Ports of 127.0.0.1 that nobody listens at. They are below the range from which systems lend ports to outgoing connections, and to those
/// who listen at any: what is found free stays so until it is used, and again when its server was stopped, unless somebody asks for just
/// that one.
/// </summary>
public static class LoopbackPort
{
    private const int First = 20_000;
    private const int Count = 12_000;

    // Others look too, so each begins elsewhere; and none is found twice.
    private static int _next = Random.Shared.Next(Count);

    /// <summary>Any that is free; 20,000 to 31,999.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + ((Interlocked.Increment(ref _next) & int.MaxValue) % Count);
            if (IsFree(port))
            {
                return port;
            }
        }
    }

    /// <summary>This one when it is free, else any that is.</summary>
    public static int FreeLike(int preferred) => IsFree(preferred) ? preferred : Free();

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
