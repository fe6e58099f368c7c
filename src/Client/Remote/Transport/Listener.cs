using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Event;
using Akka.Remote.Transport;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// A <see cref="ListeningEnd"/> at work: takes connections, has each prove and say who it is within a limit, and tells Akka of those only
/// that did.
/// </summary>
internal sealed class Listener : ITransportEnd, IConnectionOwner
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AfterAFailedAccept = TimeSpan.FromMilliseconds(100);

    private readonly ListeningEnd _end;
    private readonly Address _own;
    private readonly PduRules _rules;
    private readonly RefusalLog _refusals;
    private readonly ILoggingAdapter _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly ConcurrentDictionary<Connection, bool> _connections = [];
    private readonly TaskCompletionSource<IAssociationEventListener> _akka = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;
    private int _greetings;

    public Listener(ActorSystem system, ListeningEnd end)
    {
        _end = end;
        _stopped = _stop.Token;
        _own = VirtualAddress.Of(system.Name, VirtualAddress.Door);
        _rules = new(_own, VirtualAddress.Client, end.Format, end.Recipients);
        _log = Logging.GetLogger(system, typeof(Listener));
        _refusals = new(_log, end.Clock);
    }

    /// <inheritdoc/>
    public Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        _ = Accept(_end.Socket);
        _ = Sweep();
        return Task.FromResult((_own, _akka));
    }

    /// <inheritdoc/>
    public Task<AssociationHandle> Associate(Address remote) =>
        Task.FromException<AssociationHandle>(
            new InvalidAssociationException($"A broker connects to nobody, and {remote} is not connected to it"));

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _end.Socket.Dispose();
        foreach (var connection in _connections.Keys)
        {
            connection.Close(new("the broker shuts down"));
        }
    }

    /// <inheritdoc/>
    public string? WhyNot(Connection connection, string system)
    {
        var certificate = connection.Certificate;
        var peer = new Peer(system, connection.EndPoint, certificate?.Subject, certificate is null ? null : TlsEnd.Thumbprint(certificate));
        connection.Dismiss();
        if (!_end.Peers.TryAdd(peer, connection))
        {
            return $"its name {system} belongs to another that is there";
        }

        connection.Peer = peer;
        connection.Name(VirtualAddress.Of(system, VirtualAddress.Client));
        _ = Announce(connection);
        return null;
    }

    /// <inheritdoc/>
    public void Closed(Connection connection, ConnectionEnd end)
    {
        Forget(connection);
        if (end.IsRefusal)
        {
            _refusals.Refused(connection.EndPoint, end.Why);
        }
        else
        {
            _log.Debug("The connection of {0} ended: {1}", connection.EndPoint, end.Why);
        }
    }

    private async Task Announce(Connection connection)
    {
        var akka = await _akka.Task.ConfigureAwait(false);
        akka.Notify(new InboundAssociation(connection));
    }

    private async Task Accept(Socket listening)
    {
        while (!_stopped.IsCancellationRequested)
        {
            try
            {
                await _end.LetsIn.WaitAsync(_stopped).ConfigureAwait(false);
                var socket = await listening.AcceptAsync(_stopped).ConfigureAwait(false);
                _ = Serve(socket);
            }
            catch (SocketException failed)
            {
                _log.Warning("A connection could not be taken: {0}", failed.Message);
                await Task.Delay(AfterAFailedAccept, _end.Clock).ConfigureAwait(false);
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>One connection, from the first byte to the end.</summary>
    private async Task Serve(Socket socket)
    {
        var welcome = Interlocked.Increment(ref _open) <= _end.MaxConnections ? Welcome.In : Welcome.Full;
        var since = _end.Clock.GetTimestamp();
        var from = SocketOrigin.Of(socket);
        try
        {
            var wire = await Greet(socket, welcome).ConfigureAwait(false);
            if (welcome == Welcome.Full)
            {
                _refusals.Refused(from, $"there are {_end.MaxConnections} connections, as many as there may be");
                return;
            }

            var connection = new Connection(_own, _own, wire, new(_rules), _end.Limits, _end.Clock, this)
            {
                AdmissionLimit = _end.AdmissionLimit,
            };
            _connections.TryAdd(connection, true);
            if (_stopped.IsCancellationRequested)
            {
                connection.Close(new("the broker shuts down"));
            }

            await connection.Run(_end.HandshakeLimit - _end.Clock.GetElapsedTime(since)).ConfigureAwait(false);
            Forget(connection);
        }
        catch (Exception failed)
        {
            // Whatever it is, it comes of what this one peer sent, and of nobody else.
            _refusals.Refused(from, failed is OperationCanceledException ? "it did not say in time who it is" : failed.Message);
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task<Wire> Greet(Socket socket, Welcome welcome)
    {
        try
        {
            return Interlocked.Increment(ref _greetings) <= _end.MaxGreetings
                ? await GreetWithinLimit(socket, welcome).ConfigureAwait(false)
                : throw new InvalidDataException($"{_end.MaxGreetings} connections are being greeted, as many as may be at a time");
        }
        finally
        {
            Interlocked.Decrement(ref _greetings);
        }
    }

    private async Task<Wire> GreetWithinLimit(Socket socket, Welcome welcome)
    {
        using var limit = new CancellationTokenSource(_end.HandshakeLimit, _end.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopped);
        socket.NoDelay = true;
        var wire = await Secure(new(socket, new NetworkStream(socket), null), either.Token).ConfigureAwait(false);
        await Greeting.Hear(wire.Stream, either.Token).ConfigureAwait(false);
        await Greeting.Answer(wire.Stream, welcome, either.Token).ConfigureAwait(false);
        return wire;
    }

    private async Task<Wire> Secure(Wire plain, CancellationToken cancel)
    {
        if (_end.Tls is not { } tls)
        {
            return plain;
        }

        string? whyNot = null;
        var stream = new SslStream(plain.Stream);
        try
        {
            var options = tls.Server((_, shown, _, _) => (whyNot = tls.WhyNot(shown, TlsEnd.AsClient)) is null);
            await stream.AuthenticateAsServerAsync(options, cancel).ConfigureAwait(false);
        }
        catch (AuthenticationException failed)
        {
            throw new InvalidDataException(whyNot ?? $"TLS failed: {failed.InnerException?.Message ?? failed.Message}", failed);
        }

        return plain with { Stream = stream, Certificate = (X509Certificate2?)stream.RemoteCertificate };
    }

    private async Task Sweep()
    {
        using var timer = new PeriodicTimer(SweepInterval, _end.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopped).ConfigureAwait(false))
            {
                foreach (var connection in _connections.Keys)
                {
                    connection.CloseIfOverdue();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The broker shuts down.
        }
    }

    /// <summary>It may have closed while it was let in, so this is done again when nothing more comes of it.</summary>
    private void Forget(Connection connection)
    {
        _connections.TryRemove(connection, out _);
        if (connection.Peer is { } peer)
        {
            _end.Peers.Remove(peer, connection);
        }
    }
}
