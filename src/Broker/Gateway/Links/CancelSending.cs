using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;

namespace Broker.Gateway.Links;

/// <summary>
/// Sends a request to cancel on a connection of its own, on the thread pool. It holds nothing of the link that it is for.
/// </summary>
internal static class CancelSending
{
    /// <summary>
    /// Sends it, and waits until the server has closed the connection: from then on it takes effect on nothing that is sent later.
    /// </summary>
    /// <param name="address">Where the link is connected to.</param>
    /// <param name="tls">What the link's handshake was made by; null when it is not encrypted.</param>
    /// <param name="key">What the server gave for it.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="time">The clock.</param>
    /// <returns>False when it may take effect at any time.</returns>
    internal static async Task<bool> SendAsync(
        EndPoint address, SslClientAuthenticationOptions? tls, BackendKeyData key, TimeSpan limit, TimeProvider time)
    {
        using var over = new CancellationTokenSource(limit, time);
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        var asked = false;
        try
        {
            await socket.ConnectAsync(address, over.Token);
            await using Stream clear = new NetworkStream(socket);
            await using var stream = tls is null ? clear : await EncryptAsync(clear, tls, over.Token);
            asked = true;
            await stream.WriteAsync(Bytes(new CancelRequest(key.ProcessId, key.SecretKey)), over.Token);
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
        catch (Exception exception) when (exception is SocketException or IOException or AuthenticationException)
        {
            return !asked || IsClosed(exception as SocketException ?? exception.InnerException as SocketException);
        }
    }

    // The key is a secret: a server that has shown TLS to the link is not told it without.
    private static async Task<Stream> EncryptAsync(Stream clear, SslClientAuthenticationOptions tls, CancellationToken cancel)
    {
        await clear.WriteAsync(Bytes(SSLRequest.Instance), cancel);
        var answer = new byte[1];
        if (await clear.ReadAsync(answer, cancel) == 0 || answer[0] != (byte)'S')
        {
            throw new IOException("no TLS is offered for a request to cancel");
        }
        var stream = new SslStream(clear);
        try
        {
            await stream.AuthenticateAsClientAsync(tls, cancel);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static ReadOnlyMemory<byte> Bytes(IWireMessage message)
    {
        var writer = new WireWriter();
        message.Write(writer);
        return writer.Written;
    }

    private static bool IsClosed(SocketException? cause) =>
        cause?.SocketErrorCode
            is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NotConnected;
}
