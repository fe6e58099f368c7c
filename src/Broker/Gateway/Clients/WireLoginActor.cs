using System.Buffers;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Gateway.Access;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Loops;
using Broker.Gateway.Reports;
using Broker.Gateway.Shares;
using Broker.Gateway.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;
using Broker.Pools;

namespace Broker.Gateway.Clients;

/// <summary>
/// A client in state Authenticating: it proves who it is, is counted, is told what its session begins with, and goes to the loop's actor as
/// <see cref="ClientEntered"/>. Proofs are judged on the thread pool, because some take a millisecond. It owns the socket and, while it
/// tries the client's settings, a link. It dies with the socket, and after `broker.gateway.timeouts.client-login`.
/// </summary>
internal sealed class WireLoginActor : UntypedActor, IWithTimers
{
    private readonly GatewayPlan _plan;
    private readonly GatewayDoor _door;
    private readonly ClientIntroduced _client;
    private readonly StartupWishes _wishes;
    private readonly string? _problem;
    private readonly Channel _channel;
    private readonly FrameInput _input = new(FrameLimits.Authenticating);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private ClientLogin? _login;
    private bool _judging;
    private IBrokerReply? _pool;
    private BackendKeyData? _key;
    private ShareFound? _share;
    private SettingsTrial? _trial;
    private ClientSettings? _settings;
    private bool _handedOver;
    private bool _ending;

    public WireLoginActor(GatewayPlan plan, GatewayDoor door, ClientIntroduced client)
    {
        (_plan, _door, _client, _channel) = (plan, door, client, client.Channel);
        _wishes = StartupWishes.Of(client.Startup, out _problem);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private GatewayPoolFound Pool => (GatewayPoolFound)_pool!;

    /// <summary>How to make one.</summary>
    internal static Props For(GatewayPlan plan, GatewayDoor door, ClientIntroduced client) =>
        Props.Create(() => new WireLoginActor(plan, door, client));

    private sealed record LoginOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly LoginOverdue Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (_channel.Port.Owner.IsNobody())
        {
            _channel.Port.MoveHere(Self);
        }
        else
        {
            _channel.GiveTo(Self);
        }
        Timers.StartSingleTimer(nameof(LoginOverdue), LoginOverdue.Instance,
            _client.LeftOf(_plan.Settings.Timeouts.ClientLogin, _plan.Time));
        if (_problem is not null)
        {
            End("28000", _problem);
        }
        else
        {
            Negotiate();
            _plan.Pools.Tell(new FindGatewayPool(_wishes.Database, _wishes.User));
        }
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PortReady(var port) when port == _channel.Port:
                port.Look();
                OnClientReady();
                break;
            case PortReady(var port):
                if (_trial?.Link.Channel.Port == port)
                {
                    port.Look();
                    OnLinkReady();
                }
                break;
            case LoginOverdue:
                var limit = $"{_plan.Settings.Timeouts.ClientLogin.TotalSeconds:0.###} s (broker.gateway.timeouts.client-login)";
                End("57014", $"the login took longer than {limit}");
                break;
            case ShareEnded ended when ended.Share.Equals(_share?.Share): End(ended.Failure); break;
            case ShareEnded or LookAtClock: break;
            case var _ when _ending: OnLate(message); break;
            case GatewayPoolFound or Refused when _pool is null: OnPool((IBrokerReply)message); break;
            case UserFound user: Judge(user.Kept); break;
            case LoginProofs.Judged judged: OnJudged(judged); break;
            case LoginProofs.Heard heard: OnHeard(heard); break;
            case Status.Failure failed: End("XX000", $"the login failed: {failed.Cause.Message}"); break;
            case ClientAdmitted admitted: OnAdmitted(admitted.Key); break;
            case ShareFound share: OnShare(share); break;
            case Greeting greeting: OnGreeting(greeting); break;
            case LinkLent lent: OnLent(lent.Link); break;
            case LinkRecalled recalled: End("57P01", recalled.Reason); break;
            case Refused refused: End(refused.Failure); break;
            case CloseClient close: End(close.Failure); break;
            default: Unhandled(message); break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _trial?.Return(LinkCondition.Dirty);
        if (_handedOver)
        {
            return;
        }
        _share?.Share.Tell(new ShareCommands.LeaveLine(Self, HasEnded: true));
        _channel.Close();
        // the answer to the question whether it may come in may be on its way
        _plan.Supervisor.Tell(new LoginEnded(Self), ActorRefs.NoSender);
    }

    private void OnLate(object message)
    {
        if (message is LinkLent lent)
        {
            lent.Link.ReturnTo(_share!.Share, LinkCondition.Clean);
        }
    }

    private void Negotiate()
    {
        var asked = _client.Startup.Version;
        var spoken = StartupWishes.Spoken(asked);
        if (asked != spoken || !_wishes.UnknownOptions.IsEmpty)
        {
            Send(new NegotiateProtocolVersion(spoken.Code, _wishes.UnknownOptions));
        }
    }

    private void OnPool(IBrokerReply found)
    {
        _pool = found;
        if (_door.Users.Find(_wishes.User) is null && found is GatewayPoolFound pool && _door.AuthQuery.Length > 0)
        {
            Context.ActorOf(AuthQueryActor.For(pool.Supervisor, _door.AuthQuery, _wishes.User));
        }
        else
        {
            Judge(_door.Users.Find(_wishes.User));
        }
    }

    private void Judge(KeptPassword? kept)
    {
        _judging = true;
        _ = LoginProofs.JudgeAsync(_door, _client.Origin.Attempt(_wishes), kept).PipeTo(Self);
    }

    private void OnJudged(LoginProofs.Judged judged)
    {
        _judging = false;
        switch (judged.Decision)
        {
            case AccessDecision.Refused refused:
                _log.Info("Client {Client} is refused: {Cause}", _client.Origin, refused.Note);
                End(AccessDecision.Refused.SqlState, refused.Text);
                return;
            case AccessDecision.Asked { Note: { } note }:
                _log.Info("Client {Client} cannot be let in: {Cause}", _client.Origin, note);
                break;
        }
        _login = judged.Login;
        Send(judged.First!);
        Proceed();
    }

    private void OnClientReady()
    {
        if (_ending)
        {
            StopWhenSent();
            return;
        }
        Proceed();
    }

    /// <summary>Reads one response at a time. Nothing is read while one is judged, nor when all is proven.</summary>
    private void Proceed()
    {
        if (_judging || _login is not { } login)
        {
            return;
        }
        if (login.IsProven)
        {
            OnProven();
            return;
        }
        switch (_input.Read(_channel, _plan.Settings.Buffer.Turn, Hear))
        {
            case InputState.Garbled:
                End("08P01", _input.Reader.Error!.Text);
                break;
            case InputState.Ended:
                Context.Stop(Self);
                break;
        }
    }

    // False: one response at a time.
    private bool Hear(Frame frame)
    {
        if ((FrontendType)frame.Type is FrontendType.Terminate)
        {
            Context.Stop(Self);
            return false;
        }
        WireError? error = null;
        if (!frame.IsWhole || FrontendMessages.Read(frame.Type, frame.Body.ToArray(), _login!.Awaited, out error) is not { } response)
        {
            End("08P01", error?.Text ?? "a response to authentication is too long");
            return false;
        }
        _judging = true;
        _ = LoginProofs.HearAsync(_login, response).PipeTo(Self);
        return false;
    }

    private void OnHeard(LoginProofs.Heard heard)
    {
        _judging = false;
        Send(heard.Messages.AsSpan());
        if (heard.Refused is { } refused)
        {
            _log.Info("Client {Client} did not prove to be user {User}: {Cause}", _client.Origin, _wishes.User, refused.Text);
            End("28P01", $"password authentication failed for user \"{_wishes.User}\"");
            return;
        }
        Proceed();
    }

    private void OnProven()
    {
        if (_key is not null || _judging)
        {
            return;
        }
        if (_pool is Refused refused)
        {
            End(refused.Failure);
            return;
        }
        _judging = true;
        _plan.Supervisor.Tell(new AdmitClient(_wishes.User, _wishes.Database, StartupWishes.Spoken(_client.Startup.Version)));
    }

    private void OnAdmitted(BackendKeyData key)
    {
        _key = key;
        Context.Parent.Tell(new FindShare(Pool));
    }

    private void OnShare(ShareFound share)
    {
        _share = share;
        share.Share.Tell(new ShareCommands.Greet(_login!.Shown));
    }

    private void OnGreeting(Greeting greeting)
    {
        var beyond = _wishes.Beyond(greeting.Defaults, _plan.Settings.ApplicationName);
        _settings = new(greeting.Told, beyond.ToImmutableSortedDictionary(
            static wish => wish.Key, static wish => LinkTuning.Setting(wish.Key, wish.Value), StringComparer.Ordinal),
                _plan.Settings.ApplicationName);
        if (beyond.IsEmpty)
        {
            Enter();
        }
        else
        {
            // as the server would, it is refused at once if it wishes what cannot be
            _share!.Share.Tell(new ShareCommands.WantLink(Self), ActorRefs.NoSender);
        }
    }

    // who keeps one link finds its statements there by its own names, as at the server
    private ClientMemory Memory() => new(
        _share!.Book, _share.Verdicts, _plan.Settings.PreparedStatements > 0 && Pool.Mode is not PoolMode.Session ? new(_share.Book) : null,
            _settings!);

    private void OnLent(WireLink link)
    {
        _trial = new(Memory(), link, _share!);
        if (_trial.Begin())
        {
            OnTried();
        }
    }

    private void OnLinkReady()
    {
        switch (_trial!.Hear(_plan.Settings.Buffer.Turn))
        {
            case null:
                _trial.Return(LinkCondition.Broken);
                End("08006", "the server closed the connection while the settings of the session were tried");
                break;
            case true:
                OnTried();
                break;
        }
    }

    private void OnTried()
    {
        if (_trial!.Failed is { } failed)
        {
            End(failed.SqlState, failed.Text);
            return;
        }
        Enter();
    }

    private void Enter()
    {
        var memory = Memory();
        if (_wishes.Settings.TryGetValue("application_name", out var name))
        {
            _settings!.Reported(WireText.Of("application_name"), name);
        }
        Send([.. _settings!.Told.Select(static told => new ParameterStatus(told.Key, told.Value)), _key!,
            new ReadyForQuery(TransactionStatus.Idle)]);
        _handedOver = true;
        Context.Parent.Tell(new ClientEntered(
            _channel, _input,
                new(_wishes.User, Pool.Pool, Pool.Mode, StartupWishes.Spoken(_client.Startup.Version), _key!.ProcessId, _client.Origin),
                    memory, _share!.Share, _share.Telemetry));
        Context.Stop(Self);
    }

    private void Send(params ReadOnlySpan<IBackendMessage> messages)
    {
        var writer = new WireWriter();
        foreach (var message in messages)
        {
            message.Write(writer);
        }
        _channel.Write(writer.Written.Span);
    }

    private void End(Failure failure) => End(ErrorReports.Fatal(failure));

    private void End(string sqlState, string text) => End(ErrorReports.Fatal(sqlState, text));

    private void End(ErrorResponse error)
    {
        if (_ending)
        {
            Context.Stop(Self);
            return;
        }
        _ending = true;
        _plan.Telemetry.ClientRefused(error.SqlState);
        _log.Info("Client {Client} is not let in as {User} to {Database}: {Cause}", _client.Origin, _wishes.User, _wishes.Database,
            error.Text);
        Send(error);
        StopWhenSent();
    }

    private void StopWhenSent()
    {
        if (_channel.Backlog == 0)
        {
            Context.Stop(Self);
        }
    }
}
