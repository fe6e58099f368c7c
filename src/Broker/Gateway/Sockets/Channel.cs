using System.Buffers;
using System.Net.Security;
using Akka.Actor;
using Broker.Gateway.Loops;
using Broker.Gateway.Tls;

namespace Broker.Gateway.Sockets;

/// <summary>
/// A port in clear: once TLS was begun on it, what is read and written goes through that. It belongs to the owner of the port. Bytes that
/// TLS has decrypted and nobody has read are not seen by the port, so whoever stops reading before <see cref="Read"/> has said 0 goes on by
/// reading, not by waiting for <see cref="PortReady"/>.
/// </summary>
internal sealed class Channel
{
    /// <summary>What is read of a port at once for TLS: its longest record, encrypted.</summary>
    private const int TlsChunk = 17 * 1024;

    private bool _handshakeWaits;
    private bool _isSecure;
    private bool _mayHaveMore;

    internal Channel(Port port) => Port = port;

    internal Port Port { get; }

    /// <summary>The encryption; null without.</summary>
    internal TlsSession? Tls { get; private set; }

    /// <summary>Whether the handshake goes on: nothing is read or written in clear until it is done.</summary>
    internal bool IsShakingHands { get; private set; }

    /// <summary>Bytes that were written and could not be sent yet.</summary>
    internal int Backlog => Port.Backlog;

    /// <summary>Whether there may be something to read.</summary>
    internal bool IsReadable => _mayHaveMore || Port.IsReadable;

    /// <summary>Begins TLS as a server. The actor, which owns the port, passes the session's messages on to <see cref="GoOn"/>.</summary>
    internal void BeginTls(SslServerAuthenticationOptions options, IActorRef actor)
    {
        (Tls, IsShakingHands) = (new(), true);
        Tls.BeginAsServer(options, actor);
    }

    /// <summary>The same as a client.</summary>
    internal void BeginTls(SslClientAuthenticationOptions options, IActorRef actor)
    {
        (Tls, IsShakingHands) = (new(), true);
        Tls.BeginAsClient(options, actor);
    }

    /// <summary>Begins TLS as a server where bytes of it were read already.</summary>
    internal void BeginTls(SslServerAuthenticationOptions options, IActorRef actor, ReadOnlySpan<byte> read)
    {
        Tls = new();
        Tls.Feed(read);
        IsShakingHands = true;
        Tls.BeginAsServer(options, actor);
    }

    /// <summary>
    /// The handshake asks for more of the peer, or is over: <see cref="TlsSession.HandshakeWaits"/>,
    /// <see cref="TlsSession.HandshakeDone"/>, <see cref="TlsSession.HandshakeFailed"/>.
    /// </summary>
    internal void GoOn(object handshake)
    {
        switch (handshake)
        {
            case TlsSession.HandshakeWaits waits when waits.Session == Tls:
                _handshakeWaits = true;
                Send();
                ShakeHands();
                break;
            case TlsSession.HandshakeDone done when done.Session == Tls:
                (IsShakingHands, _isSecure, _mayHaveMore) = (false, true, true);
                Send();
                break;
            case TlsSession.HandshakeFailed failed when failed.Session == Tls:
                IsShakingHands = false;
                Send();
                break;
        }
    }

    /// <summary>The port is ready while the handshake goes on.</summary>
    internal void ShakeHands()
    {
        if (!_handshakeWaits)
            return;
        var buffer = ArrayPool<byte>.Shared.Rent(TlsChunk);
        var count = Port.Read(buffer);
        if (count != 0)
        {
            // From here on the handshake's thread has it, up to the next word of it.
            _handshakeWaits = false;
            if (count > 0)
                Tls!.Feed(buffer.AsSpan(0, count));
            else
                Tls!.End();
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Reads in clear.</summary>
    /// <param name="into">Where to; not empty.</param>
    /// <returns>How many bytes; 0 when there are none now; -1 when none will come any more.</returns>
    internal int Read(Span<byte> into)
    {
        if (Tls is null)
            return Port.Read(into);
        if (IsShakingHands)
            return 0;
        var count = ReadTls(into);
        _mayHaveMore = count > 0;
        return count;
    }

    /// <summary>Writes in clear; what the socket does not take is kept.</summary>
    /// <returns>False when the peer is gone.</returns>
    internal bool Write(ReadOnlySpan<byte> bytes)
    {
        if (Tls is null)
            return Port.Write(bytes);
        Tls.Write(bytes);
        return Send();
    }

    /// <summary>Gives the port to another actor of the loop, who looks at it when there may be something to read.</summary>
    internal void GiveTo(IActorRef owner)
    {
        Port.GiveTo(owner);
        if (_mayHaveMore)
            Port.Signal();
    }

    /// <summary>Says goodbye where that is customary, and closes. What was not sent is lost.</summary>
    internal void Close()
    {
        if (Tls is { } tls)
        {
            // during the handshake another thread may be in it, and it ends with the port
            if (!IsShakingHands)
            {
                if (_isSecure)
                {
                    tls.Close();
                    Send();
                }
                tls.Dispose();
            }
            Tls = null;
        }
        Port.Close();
    }

    private int ReadTls(Span<byte> into)
    {
        byte[]? buffer = null;
        try
        {
            while (true)
            {
                var count = Tls!.Read(into);
                if (count != 0)
                    return count;
                buffer ??= ArrayPool<byte>.Shared.Rent(TlsChunk);
                var received = Port.Read(buffer);
                if (received == 0)
                    return 0;
                if (received > 0)
                    Tls.Feed(buffer.AsSpan(0, received));
                else
                    Tls.End();
            }
        }
        finally
        {
            if (buffer is not null)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool Send()
    {
        var outgoing = Tls!.Outgoing;
        if (outgoing.IsEmpty)
            return !Port.IsClosed;
        var sent = Port.Write(outgoing.Span);
        Tls.Sent();
        return sent;
    }
}
