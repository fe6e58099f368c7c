using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Event;
using Broker.Configuration;
using Broker.Connections;
using Broker.Gateway.Loops;
using Broker.Gateway.Sockets;
using Broker.Gateway.Tls;
using Broker.PgWire.Authentication;
using Broker.PgWire.Framing;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;

namespace Broker.Gateway.Links;

/// <summary>
/// One attempt to open a link to one host: finds out where it is, connects, logs in, asks the first questions. What takes its time goes on
/// elsewhere and comes back as a message; the rest is done as the port gets ready. Whoever has begun it hears each message first of all
/// here, then looks at <see cref="Opening"/> and <see cref="Failure"/>, and sees to its time.
/// </summary>
internal sealed class LinkAttempt
{
    private readonly LinkPlan _plan;
    private readonly TlsUse _tls;
    private readonly Credential? _shown;
    private readonly LinkSite _site;
    private readonly CancellationTokenSource _over = new();
    private readonly Func<Frame, bool> _take;
    private Prepared? _prepared;
    private Dialling? _dialling;
    private Channel? _channel;
    private FrameInput? _input;
    private SessionBeginning? _session;

    internal LinkAttempt(LinkPlan plan, HostEndpoint host, TlsUse tls, Credential? shown, LinkSite site) =>
        (_plan, Host, _tls, _shown, _site, _take) = (plan, host, tls, shown, site, frame => _session!.Take(frame));

    private sealed record PreparationDone(LinkAttempt Attempt, Prepared Prepared)
        : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record ProofMade(LinkAttempt Attempt, IFrontendMessage? Response, LoginFailed? Failed)
        : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    /// <summary>The host.</summary>
    internal HostEndpoint Host { get; }

    /// <summary>What it has come to; null before.</summary>
    internal LinkOpening? Opening { get; private set; }

    /// <summary>Why it came to nothing; null before.</summary>
    internal Failure? Failure { get; private set; }

    /// <summary>Whether the session was asked for with TLS.</summary>
    internal bool WasEncrypted { get; private set; }

    /// <summary>What the server said when it refused; null when it did not.</summary>
    internal ErrorResponse? Refusal => _session?.Refusal;

    /// <summary>Whether the server had let us in and told who it is: then it is not down.</summary>
    internal bool WasLetIn => _session?.Backend is not null;

    /// <summary>Begins.</summary>
    internal void Begin()
    {
        var (plan, host, tls, shown, cancel) = (_plan, Host, _tls, _shown, _over.Token);
        _ = Task.Run(() => LinkPreparation.PrepareAsync(plan, host, tls, shown, cancel), CancellationToken.None).PipeTo(
            _site.Self,
            ActorRefs.NoSender,
            prepared => new PreparationDone(this, prepared),
            exception => new PreparationDone(this, Prepared.Not(ConnectFailures.Unavailable(plan.Pool, host, exception.Message))));
    }

    /// <summary>Hears a message; one of another attempt, or of nobody's, is passed over.</summary>
    internal void Hear(object message)
    {
        switch (message)
        {
            case PreparationDone { Prepared.Failure: { } failure } done when done.Attempt == this:
                Fail(failure);
                break;
            case PreparationDone done when done.Attempt == this:
                _prepared = done.Prepared;
                _dialling = new(done.Prepared.Addresses, _plan.Server.ConnectTimeout, _plan.Server.TcpKeepalive, _site);
                Went(_dialling.Begin());
                break;
            case PortReady(var port):
                Ready(port);
                break;
            case TlsSession.HandshakeWaits or TlsSession.HandshakeDone or TlsSession.HandshakeFailed:
                ShakeHands(message);
                break;
            case ProofMade made when made.Attempt == this:
                if (_session!.Proved(made.Response, made.Failed))
                {
                    Read();
                }
                Look();
                break;
            default:
                if (_dialling?.Hear(message) is { } state)
                {
                    Went(state);
                }
                break;
        }
    }

    /// <summary>Ends it, and closes what it has opened. A server that has let us in is told goodbye.</summary>
    internal void GiveUp()
    {
        _over.Cancel();
        if (_session is { IsOver: true })
        {
            _channel!.Write(Goodbye.Bytes);
        }
        _channel?.Close();
        _dialling?.GiveUp();
    }

    private void Ready(Port port)
    {
        if (port != _dialling?.Port)
        {
            return;
        }
        port.Look();
        if (_channel is null)
        {
            Went(_dialling.Ready());
            return;
        }
        if (_channel.IsShakingHands)
        {
            _channel.ShakeHands();
        }
        else if (_session is null)
        {
            HearAboutTls();
        }
        else if (_session.ToProve is null)
        {
            Read();
        }
    }

    private void Went(DialState state)
    {
        switch (state)
        {
            case DialState.Connected:
                _channel = new(_dialling!.Port!);
                if (_tls is TlsUse.None)
                {
                    LogIn();
                }
                else
                {
                    AskForTls();
                }
                break;
            case DialState.Failed:
                Fail(_dialling!.Cause);
                break;
            case DialState.Waits:
                break;
        }
    }

    private void AskForTls()
    {
        var request = new WireWriter();
        SSLRequest.Instance.Write(request);
        _channel!.Write(request.Written.Span);
        HearAboutTls();
    }

    // One byte and no more: what somebody on the way has put behind it must not be taken for the server's once there is TLS.
    private void HearAboutTls()
    {
        Span<byte> answer = stackalloc byte[1];
        switch (_channel!.Read(answer), answer[0])
        {
            case (0, _):
                break;
            case (1, (byte)'S'):
                _channel.BeginTls(_prepared!.Tls!, _site.Self);
                break;
            case (1, (byte)'N') when _tls is TlsUse.IfOffered:
                LogIn();
                break;
            case (1, (byte)'N'):
                Fail($"it does not offer TLS (broker.servers.{_plan.Server.Name}.tls)");
                break;
            case (1, _):
                Fail("it is no PostgreSQL server: it was asked for TLS, and answers neither yes nor no");
                break;
            default:
                Fail("it closed the connection when it was asked for TLS");
                break;
        }
    }

    private void ShakeHands(object message)
    {
        _channel?.GoOn(message);
        switch (message)
        {
            case TlsSession.HandshakeDone done when done.Session == _channel?.Tls:
                LogIn();
                break;
            case TlsSession.HandshakeFailed failed when failed.Session == _channel?.Tls:
                Fail($"TLS failed: {failed.Cause} (broker.servers.{_plan.Server.Name}.tls, .root-certificate)");
                break;
        }
    }

    private void LogIn()
    {
        var binding = _channel!.Tls?.PeerCertificate is X509Certificate2 certificate ? ChannelBinding.Of(certificate) : null;
        WasEncrypted = _channel.Tls is not null;
        _input = new(FrameLimits.Backend);
        _session = new(_plan.Pool, Host, _channel, new(Startup(), _prepared!.Credential, binding));
        _session.Begin();
        Read();
    }

    private StartupMessage Startup()
    {
        StartupParameter Parameter(string name, string value) => new(WireText.Of(name), WireText.Of(value));
        var options = SessionOptions.Of(_plan.Database.Settings);
        return new(
            ProtocolVersion.V30,
            [
                Parameter("user", _plan.User.Name),
                Parameter("database", _plan.Database.Database),
                // where clients show their own, one that has none is to find none
                .. _plan.Gateway.ApplicationName is ShownName.Broker
                    ? [Parameter("application_name", _plan.Database.ApplicationName)]
                    : Array.Empty<StartupParameter>(),
                .. options.Length > 0 ? [Parameter("options", options)] : Array.Empty<StartupParameter>(),
            ]);
    }

    private void Read()
    {
        switch (_input!.Read(_channel!, _plan.Gateway.Buffer.Turn, _take))
        {
            case InputState.Garbled:
                Fail($"it is no PostgreSQL server: {_input.Reader.Error!.Text}");
                break;
            case InputState.Ended:
                Fail("it closed the connection while a session began");
                break;
            case InputState.Stopped:
                Look();
                break;
            case InputState.Drained or InputState.TurnOver:
                break;
        }
    }

    private void Look()
    {
        if (_session!.Failure is { } failure)
        {
            Fail(failure);
        }
        else if (_session.IsOver)
        {
            Opening = new(Host, _dialling!.Address, _channel!, WasEncrypted ? _prepared!.Tls : null, _input!, _session);
        }
        else if (_session.ToProve is { } asked)
        {
            // PBKDF2 takes a millisecond, and as many more as the server likes
            var login = _session.Login;
            _ = Task.Run(() =>
            {
                var response = login.Next(asked, out var failed);
                return new ProofMade(this, response, failed);
            }).PipeTo(_site.Self, ActorRefs.NoSender, null, exception => new ProofMade(this, null, new(exception.Message)));
        }
    }

    private void Fail(string cause) => Fail(ConnectFailures.Unavailable(_plan.Pool, Host, cause));

    private void Fail(Failure failure) => Failure ??= failure;
}

/// <summary>A link that is open: what it is made of.</summary>
/// <param name="Host">The host.</param>
/// <param name="Address">Where exactly: a request to cancel goes there.</param>
/// <param name="Channel">The connection.</param>
/// <param name="Tls">What its handshake was made by; null when it is not encrypted.</param>
/// <param name="Input">What it has read.</param>
/// <param name="Session">What the server said.</param>
internal sealed record LinkOpening(
    HostEndpoint Host, EndPoint Address, Channel Channel, SslClientAuthenticationOptions? Tls, FrameInput Input, SessionBeginning Session);
