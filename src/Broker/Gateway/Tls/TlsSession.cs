using System.Buffers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;

// A task is kept until it is complete, then looked at once, and never waited for.
#pragma warning disable CA2012, VSTHRD002

namespace Broker.Gateway.Tls;

/// <summary>
/// TLS as a transformer between a port and an actor: what the port has received is fed to it and read in clear; what is written in clear is
/// to be sent. Nothing waits. Only the handshake runs elsewhere, on the thread pool, because it takes half a millisecond: the actor then
/// feeds only after <see cref="HandshakeWaits"/>, and has it for itself again with <see cref="HandshakeDone"/> or
/// <see cref="HandshakeFailed"/>.
/// </summary>
internal sealed class TlsSession : IDisposable
{
    /// <summary>The longest record of TLS in clear.</summary>
    private const int LongestRecord = 16 * 1024;

    /// <summary>
    /// What is put into a record at most, as PostgreSQL itself does: a reader that waits for its socket has room for so much, and of a
    /// longer record it would leave a part where no socket tells of it.
    /// </summary>
    private const int MostOfRecord = 8 * 1024;

    private readonly MemoryDuplex _below = new();
    private readonly SslStream _tls;
    private ValueTask<int> _reading;
    private byte[]? _clear;

    internal TlsSession() => _tls = new(_below, leaveInnerStreamOpen: true);

    /// <summary>The handshake needs more of the peer: what is to be sent goes to the port, and what the port receives is fed.</summary>
    /// <param name="Session">Whose.</param>
    internal sealed record HandshakeWaits(TlsSession Session) : INoSerializationVerificationNeeded;

    /// <summary>The connection is secure; there may be something to be sent yet.</summary>
    /// <param name="Session">Whose.</param>
    internal sealed record HandshakeDone(TlsSession Session) : INoSerializationVerificationNeeded;

    /// <summary>There will be no secure connection; there may be an alert to be sent yet.</summary>
    /// <param name="Session">Whose.</param>
    /// <param name="Cause">Why.</param>
    internal sealed record HandshakeFailed(TlsSession Session, string Cause) : INoSerializationVerificationNeeded;

    /// <summary>Bytes to be sent; <see cref="Sent"/> when they are.</summary>
    internal ReadOnlyMemory<byte> Outgoing => _below.Outgoing;

    /// <summary>The protocol that was agreed on by ALPN; empty for none.</summary>
    internal SslApplicationProtocol Application => _tls.NegotiatedApplicationProtocol;

    /// <summary>The certificate that the peer showed; null for none.</summary>
    internal X509Certificate? PeerCertificate => _tls.RemoteCertificate;

    /// <summary>Begins the handshake of a server. Tells the actor how it goes.</summary>
    internal void BeginAsServer(SslServerAuthenticationOptions options, IActorRef actor) =>
        Begin(cancellation => _tls.AuthenticateAsServerAsync(options, cancellation), actor);

    /// <summary>Begins the handshake of a client. Tells the actor how it goes.</summary>
    internal void BeginAsClient(SslClientAuthenticationOptions options, IActorRef actor) =>
        Begin(cancellation => _tls.AuthenticateAsClientAsync(options, cancellation), actor);

    /// <summary>The bytes to be sent are sent.</summary>
    internal void Sent() => _below.Sent();

    /// <summary>The port has received bytes.</summary>
    internal void Feed(ReadOnlySpan<byte> bytes) => _below.Feed(bytes);

    /// <summary>The port will receive no more.</summary>
    internal void End() => _below.End();

    /// <summary>Reads in clear. After 0 something has to be fed first.</summary>
    /// <param name="into">Where to; not empty.</param>
    /// <returns>
    /// How many bytes; 0 when there are none now; -1 when none will come any more, because of the end or of something that is no TLS.
    /// </returns>
    internal int Read(Span<byte> into)
    {
        try
        {
            // An empty read ends when there is something, and needs no memory until then.
            while (_clear is null)
            {
                if (!_reading.IsCompleted)
                {
                    return 0;
                }
                _ = _reading.GetAwaiter().GetResult();
                _clear = ArrayPool<byte>.Shared.Rent(LongestRecord);
                _reading = _tls.ReadAsync(_clear.AsMemory(0, Math.Min(into.Length, _clear.Length)));
            }
            if (!_reading.IsCompleted)
            {
                return 0;
            }
            var count = _reading.GetAwaiter().GetResult();
            _clear.AsSpan(0, count).CopyTo(into);
            LetGo();
            if (count == 0)
            {
                _reading = ValueTask.FromResult(0);
                return -1;
            }
            _reading = _tls.ReadAsync(Memory<byte>.Empty);
            return count;
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException or ObjectDisposedException)
        {
            LetGo();
            _reading = ValueTask.FromException<int>(exception);
            return -1;
        }
    }

    /// <summary>Writes in clear: what is to be sent of it is then in <see cref="Outgoing"/>.</summary>
    internal void Write(ReadOnlySpan<byte> clear)
    {
        for (; clear.Length > MostOfRecord; clear = clear[MostOfRecord..])
        {
            _tls.Write(clear[..MostOfRecord]);
        }
        _tls.Write(clear);
    }

    /// <summary>Says goodbye: the alert is in <see cref="Outgoing"/>. What is below accepts it at once.</summary>
    internal void Close() => _ = _tls.ShutdownAsync();

    public void Dispose()
    {
        _below.Waits = null;
        _tls.Dispose();
        LetGo();
    }

    private void Begin(Func<CancellationToken, Task> authenticate, IActorRef actor)
    {
        _below.GoesOnElsewhere = true;
        _below.Waits = () => actor.Tell(new HandshakeWaits(this), ActorRefs.NoSender);
        _ = Task.Run(() => authenticate(CancellationToken.None)).PipeTo(
            actor,
            ActorRefs.NoSender,
            () =>
            {
                _below.Waits = null;
                _below.GoesOnElsewhere = false;
                _reading = _tls.ReadAsync(Memory<byte>.Empty);
                return new HandshakeDone(this);
            },
            exception => new HandshakeFailed(this, exception.Message));
    }

    private void LetGo()
    {
        if (_clear is { } clear)
        {
            ArrayPool<byte>.Shared.Return(clear, clearArray: true);
        }
        _clear = null;
    }
}
