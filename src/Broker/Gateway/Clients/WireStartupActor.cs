using System.Buffers;
using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Event;
using Broker.Configuration;
using Broker.Gateway.Loops;
using Broker.Gateway.Reports;
using Broker.Gateway.Sockets;
using Broker.Gateway.Tls;
using Broker.PgWire.Framing;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;

namespace Broker.Gateway.Clients;

/// <summary>
/// A client in state Startup: it has connected, and has not said yet what it wants. Requests for encryption are answered, a cancel request
/// is passed on; with the startup message the socket goes to the loop of the pool that it asks for, and this actor ends. Nothing is read
/// beyond a packet, so that no byte that was sent in clear is taken for one that was encrypted. What it owns is the socket; it dies with
/// it, and after `broker.gateway.timeouts.client-login`.
/// <para>
/// Whoever has sent a request to cancel may wait for the end of its connection, as libpq does and Npgsql, to send nothing that the request
/// could hit. PostgreSQL closes it when the request has taken effect; so it is kept open here until the server has closed ours.
/// </para>
/// </summary>
internal sealed class WireStartupActor : UntypedActor, IWithTimers
{
    private const byte TlsHandshake = 0x16;
    private const int FirstBytes = 8;

    private static readonly SslApplicationProtocol PostgreSql = new("postgresql");

    private readonly GatewayPlan _plan;
    private readonly ServerTls? _tls;
    private readonly Socket _socket;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private ClientOrigin _origin;
    private Channel? _channel;
    private byte[] _packet = new byte[FirstBytes];
    private int _length;
    private readonly long _since;
    private bool _asked;
    private bool _handedOver;
    private bool _cancels;
    private ClientIntroduced? _introduction;

    public WireStartupActor(GatewayPlan plan, ServerTls? tls, TakeClient client) =>
        (_plan, _tls, _socket, _origin, _since) = (plan, tls, client.Socket, client.Origin, plan.Time.GetTimestamp());

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(GatewayPlan plan, ServerTls? tls, TakeClient client) =>
        Props.Create(() => new WireStartupActor(plan, tls, client));

    private sealed record LoginOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly LoginOverdue Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var port = new Port(_socket, ReactorDispatcherConfigurator.LoopOf(Context), Self);
        _channel = new(port);
        port.Attach();
        Timers.StartSingleTimer(nameof(LoginOverdue), LoginOverdue.Instance, _plan.Settings.Timeouts.ClientLogin);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PortReady(var port):
                port.Look();
                OnReady();
                break;
            case TlsSession.HandshakeWaits:
                _channel!.GoOn(message);
                break;
            case TlsSession.HandshakeDone:
                _channel!.GoOn(message);
                OnSecure();
                break;
            case TlsSession.HandshakeFailed failed:
                _channel!.GoOn(message);
                _plan.Telemetry.ClientRefused("tls");
                _log.Info("Client {Client} did not agree on TLS: {Cause}", _origin, failed.Cause);
                Context.Stop(Self);
                break;
            case CloseClient:
                Context.Stop(Self);
                break;
            case Shares.ShareEnded or LookAtClock:
                break;
            case CancelPassed passed:
                Context.Watch(passed.To);
                break;
            case CancelOver or Terminated or LoginOverdue when _cancels:
                Context.Stop(Self);
                break;
            case LoginOverdue:
                _plan.Telemetry.ClientRefused("57014");
                _log.Info("Client {Client} did not log in within {Limit} (broker.gateway.timeouts.client-login)", _origin,
                    _plan.Settings.Timeouts.ClientLogin);
                Context.Stop(Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        if (_handedOver)
            return;
        if (_channel is { } channel)
            channel.Close();
        else
            _socket.Dispose();
    }

    private void OnReady()
    {
        if (_introduction is not null)
            HandOver();
        else if (_cancels)
            Listen();
        else if (_channel!.IsShakingHands)
            _channel.ShakeHands();
        else
            Read();
    }

    // there is nothing to say behind a request to cancel: the end comes, or what is nobody's
    private void Listen()
    {
        if (_channel!.Read(_packet) != 0)
            Context.Stop(Self);
    }

    private void Read()
    {
        while (!_channel!.IsShakingHands && _introduction is null)
        {
            var count = _channel.Read(_packet.AsSpan(_length));
            if (count == 0)
                return;
            if (count < 0)
            {
                Context.Stop(Self);
                return;
            }
            _length += count;
            if (_length == _packet.Length && !OnBytes())
                return;
        }
    }

    /// <summary>The packet is there as far as it was known. False when this is the end.</summary>
    private bool OnBytes()
    {
        if (_packet[0] == TlsHandshake && !_asked && _channel!.Tls is null)
        {
            var hello = _packet;
            (_packet, _length) = (new byte[FirstBytes], 0);
            return BeginTls(hello);
        }
        var bytes = new ReadOnlySequence<byte>(_packet);
        if (StartupFrames.TryRead(ref bytes, out var body, out var error))
        {
            var packet = StartupPackets.Read(body, out error);
            (_packet, _length) = (new byte[FirstBytes], 0);
            if (packet is not null)
                return On(packet);
        }
        if (error is not null)
            return Refuse("08P01", error.Text);
        Array.Resize(ref _packet, BinaryPrimitives.ReadInt32BigEndian(_packet));
        return true;
    }

    private bool On(IStartupPacket packet)
    {
        switch (packet)
        {
            case SSLRequest when _channel!.Tls is null && _tls is not null:
                _asked = true;
                _channel.Write("S"u8);
                return BeginTls([]);
            case SSLRequest or GSSENCRequest:
                _channel!.Write("N"u8);
                return true;
            case CancelRequest request:
                // Nobody is told whether it meant anybody.
                _cancels = true;
                _plan.Supervisor.Tell(new CancelAsked(request, Self), ActorRefs.NoSender);
                Listen();
                return false;
            case StartupMessage startup:
                return On(startup);
            default:
                throw new InvalidOperationException($"unknown packet {packet}");
        }
    }

    private bool On(StartupMessage startup)
    {
        if (_plan.Settings.Tls.Mode is TlsMode.Require or TlsMode.VerifyCa or TlsMode.VerifyFull
            && _channel!.Tls is null
            && _origin.Address is not null)
            return Refuse("28000", "the gateway takes only encrypted connections (broker.gateway.tls.mode)");
        _introduction = new(_channel!, startup, _origin, _since);
        HandOver();
        return false;
    }

    // Bytes that wait to be sent, the end of a handshake for one, stay with this loop until they are gone.
    private void HandOver()
    {
        if (_channel!.Backlog > 0)
            return;
        var home = _plan.HomeOf(DatabaseOf(_introduction!.Startup));
        if (home.Loop != _channel.Port.Loop)
            _channel.Port.MoveTo(home.Loop, ActorRefs.Nobody);
        _handedOver = true;
        home.Actor.Tell(_introduction, ActorRefs.NoSender);
        Context.Stop(Self);
    }

    private static string DatabaseOf(StartupMessage startup) => (startup["database"u8] ?? startup["user"u8] ?? WireText.Empty).ToString();

    private bool BeginTls(ReadOnlySpan<byte> read)
    {
        if (_tls is not { } tls)
        {
            Context.Stop(Self);
            return false;
        }
        // A client that speaks TLS at once must have agreed on what is spoken inside it.
        _channel!.BeginTls(tls.Options(PostgreSql), Self, read);
        return true;
    }

    private void OnSecure()
    {
        var direct = !_asked;
        if (direct && _channel!.Tls!.Application != PostgreSql)
        {
            _log.Info("Client {Client} began with TLS and did not ask for the protocol postgresql (ALPN)", _origin);
            Context.Stop(Self);
            return;
        }
        _origin = _origin with { Tls = new(_tls!.Binding, CommonName(_channel!.Tls!.PeerCertificate)) };
        Read();
    }

    private static string? CommonName(X509Certificate? shown)
    {
        if (shown is null)
            return null;
        using var certificate = new X509Certificate2(shown);
        return certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } name ? name : null;
    }

    private bool Refuse(string sqlState, string text)
    {
        var writer = new WireWriter();
        ErrorReports.Fatal(sqlState, text).Write(writer);
        _channel!.Write(writer.Written.Span);
        _plan.Telemetry.ClientRefused(sqlState);
        _log.Info("Client {Client} is refused: {Cause}", _origin, text);
        Context.Stop(Self);
        return false;
    }
}
