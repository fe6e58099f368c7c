using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Remote.Transport;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// A <see cref="ConnectingEnd"/> at work: connects once, to whoever of its end points answers first as a broker, and lets nobody in.
/// </summary>
internal sealed class Dialer : ITransportEnd, IConnectionOwner
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMilliseconds(250);

    private readonly ConnectingEnd _end;
    private readonly Address _own;
    private readonly PduRules _rules;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private Connection? _connection;
    private int _tried;

    public Dialer(ActorSystem system, ConnectingEnd end)
    {
        _end = end;
        _stopped = _stop.Token;
        _own = VirtualAddress.Of(system.Name, VirtualAddress.Client);
        _rules = new(_own, VirtualAddress.Door, end.Format, new(end.Recipients));
    }

    /// <inheritdoc/>
    public Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() =>
        Task.FromResult((_own, new TaskCompletionSource<IAssociationEventListener>()));

    /// <inheritdoc/>
    public async Task<AssociationHandle> Associate(Address remote)
    {
        if (remote is not { Host: VirtualAddress.Door, Port: VirtualAddress.Port })
        {
            throw new InvalidAssociationException($"A client connects to a broker alone, and {remote} is none");
        }

        if (Interlocked.Exchange(ref _tried, 1) != 0)
        {
            throw new InvalidAssociationException("This wire has been used: another one needs another actor system");
        }

        try
        {
            var wire = await Connect().ConfigureAwait(false);
            return Begin(wire, remote);
        }
        catch (Exception failed)
        {
            // Whatever it is, who waits for the wire has to be told.
            _end.End(failed.Message);
            throw new InvalidAssociationException(failed.Message, failed);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        Volatile.Read(ref _connection)?.Close(new("this client ended it"));
        _end.End("this client ended it");
    }

    /// <inheritdoc/>
    public string? WhyNot(Connection connection, string system)
    {
        if (system != connection.RemoteAddress.System)
        {
            return $"the broker there is called {system}, not {connection.RemoteAddress.System}";
        }

        _end.Establish();
        return null;
    }

    /// <inheritdoc/>
    public void Closed(Connection connection, ConnectionEnd end) => _end.End($"{connection.EndPoint}: {end.Why}");

    private Connection Begin(Wire wire, Address remote)
    {
        var connection = new Connection(_own, remote, wire, new(_rules), _end.Limits, _end.Clock, this);
        Interlocked.Exchange(ref _connection, connection);
        if (_stopped.IsCancellationRequested)
        {
            connection.Close(new("this client ended it"));
        }

        _ = connection.Run(_end.ConnectLimit);
        _ = Sweep(connection);
        return connection;
    }

    private async Task<Wire> Connect()
    {
        var failures = new List<string>();
        foreach (var endPoint in _end.EndPoints)
        {
            foreach (var address in await Resolve(endPoint, failures).ConfigureAwait(false))
            {
                try
                {
                    return await Connect(address).ConfigureAwait(false);
                }
                catch (Exception failed) when (IsOfThePeer(failed))
                {
                    failures.Add($"{address}: {InWords(failed)}");
                }
            }
        }

        throw new RemoteConnectException($"No broker can be reached. {string.Join("; ", failures)}");
    }

    private async Task<IPEndPoint[]> Resolve(EndPoint endPoint, List<string> failures)
    {
        if (endPoint is not DnsEndPoint name)
        {
            return [(IPEndPoint)endPoint];
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(name.Host, name.AddressFamily, _stopped).ConfigureAwait(false);
            return [.. addresses.Select(address => new IPEndPoint(address, name.Port))];
        }
        catch (Exception failed) when (failed is SocketException or OperationCanceledException)
        {
            failures.Add($"{name.Host}: {failed.Message}");
            return [];
        }
    }

    private async Task<Wire> Connect(IPEndPoint address)
    {
        using var limit = new CancellationTokenSource(_end.ConnectLimit, _end.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopped);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, either.Token).ConfigureAwait(false);
            var wire = await Secure(new(socket, new NetworkStream(socket), null), either.Token).ConfigureAwait(false);
            await Greet(wire, either.Token).ConfigureAwait(false);
            return wire;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
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
            var options = tls.Client((_, shown, _, _) => (whyNot = tls.WhyNot(shown, TlsEnd.AsServer)) is null);
            await stream.AuthenticateAsClientAsync(options, cancel).ConfigureAwait(false);
        }
        catch (Exception failed) when (failed is AuthenticationException or IOException)
        {
            throw new InvalidDataException(whyNot is null
                ? $"TLS failed: {failed.InnerException?.Message ?? failed.Message} (does the broker expect TLS there?)"
                : $"the broker is not trusted: {whyNot}", failed);
        }

        return plain with { Stream = stream, Certificate = (X509Certificate2?)stream.RemoteCertificate };
    }

    private async Task Greet(Wire wire, CancellationToken cancel)
    {
        try
        {
            await Greeting.SayAndHear(wire.Stream, cancel).ConfigureAwait(false);
        }
        catch (IOException failed)
        {
            throw new InvalidDataException(_end.Tls is { } tls
                ? "the broker closed the connection: it may not accept this client's certificate, "
                    + $"{tls.Own.Subject} with the thumbprint {TlsEnd.Thumbprint(tls.Own)}"
                : "the broker closed the connection: it may expect TLS, or be none", failed);
        }
    }

    private string InWords(Exception failed) => failed switch
    {
        OperationCanceledException when _stopped.IsCancellationRequested => "this client ended it",
        OperationCanceledException => $"nothing came of it within {_end.ConnectLimit.TotalSeconds} s",
        _ => failed.Message,
    };

    private static bool IsOfThePeer(Exception failed) =>
        failed is IOException or InvalidDataException or SocketException or OperationCanceledException or ObjectDisposedException;

    private async Task Sweep(Connection connection)
    {
        using var timer = new PeriodicTimer(SweepInterval, _end.Clock);
        while (!_end.Ended.IsCompleted && await timer.WaitForNextTickAsync(CancellationToken.None).ConfigureAwait(false))
        {
            connection.CloseIfOverdue();
        }
    }
}
