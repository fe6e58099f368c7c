using System.Net;
using System.Net.Sockets;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;

namespace Broker.Gateway.Links;

/// <summary>Sends a request to cancel on a connection of its own, on the thread pool. It holds nothing of the link that it is for.</summary>
internal static class CancelSending
{
    /// <summary>Sends it, and waits until the server has closed the connection: from then on it takes effect on nothing that is sent later.</summary>
    /// <param name="address">Where the link is connected to.</param>
    /// <param name="key">What the server gave for it.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <returns>False when it may take effect at any time.</returns>
    internal static async Task<bool> SendAsync(EndPoint address, BackendKeyData key, TimeSpan limit, TimeProvider time)
    {
        using var over = new CancellationTokenSource(limit, time);
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        var asked = false;
        try
        {
            await socket.ConnectAsync(address, over.Token);
            await using var stream = new NetworkStream(socket);
            var request = new WireWriter();
            new CancelRequest(key.ProcessId, key.SecretKey).Write(request);
            asked = true;
            await stream.WriteAsync(request.Written, over.Token);
            var nothing = new byte[1];
            while (await stream.ReadAsync(nothing, over.Token) > 0)
            {
            }
            return true;
        }
        catch (OperationCanceledException)
        {
            return !asked;
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return !asked || IsClosed(exception as SocketException ?? exception.InnerException as SocketException);
        }
    }

    private static bool IsClosed(SocketException? cause) =>
        cause?.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NotConnected;
}
