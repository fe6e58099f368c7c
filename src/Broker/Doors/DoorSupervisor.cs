using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote;
using Broker.Client.Remote.Links;
using Broker.Client.Remote.Transport;
using Broker.Configuration;
using Broker.Gateway.Access;
using Broker.Gateway.Listeners;
using Broker.Hosting;

namespace Broker.Doors;

/// <summary>
/// `/user/broker/door`: opens the remote door, and closes it with itself. The door is an actor system of its own, which has the network and
/// nothing of the broker; this actor tells it who may come in. States: Opening, Open, Closed (it could not be opened, and says why).
/// </summary>
internal sealed class DoorSupervisor : UntypedActor
{
    private readonly IActorRef _broker;
    private readonly TimeProvider _time;
    private readonly byte[] _secret = GatewayDoor.NewSecret();
    private readonly List<IActorRef> _asking = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private BrokerSettings _settings;
    private ReadingOrder _readings = ReadingOrder.None;
    private DoorAccess? _changed;
    private Opened? _open;
    private Failure? _failure;
    private bool _ended;
    private bool _closing;

    public DoorSupervisor(BrokerSettings settings, IActorRef broker, TimeProvider time) =>
        (_settings, _broker, _time) = (settings, broker, time);

    /// <summary>How to make one.</summary>
    /// <param name="settings">The broker's.</param>
    /// <param name="broker">Its supervisor.</param>
    /// <param name="time">The clock.</param>
    internal static Props For(BrokerSettings settings, IActorRef broker, TimeProvider time) =>
        Props.Create(() => new DoorSupervisor(settings, broker, time));

    private sealed record Opened(ActorSystem System, IActorRef Door, string Address) : INoSerializationVerificationNeeded;

    private sealed record Failed(string Cause) : INoSerializationVerificationNeeded;

    private sealed record AccessLoaded(long Reading, DoorAccess Access) : INoSerializationVerificationNeeded;

    private sealed record AccessFailed(string Cause) : INoSerializationVerificationNeeded;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var (settings, secret, broker, time, log, stream) = (_settings, _secret, _broker, _time, _log, Context.System.EventStream);
        // Reads files, and makes an actor system.
        _ = Task.Run(() => Open(settings, secret, broker, time, stream)).PipeTo(
            Self,
            success: opened =>
            {
                if (Volatile.Read(ref _ended))
                {
                    _ = opened.System.Terminate();
                }
                return opened;
            },
            failure: exception =>
            {
                if (!IsForeseen(exception))
                {
                    log.Error(exception, "The door could not be opened");
                }
                return new Failed((exception is ListenException ? exception : exception.GetBaseException()).Message);
            });
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        Volatile.Write(ref _ended, true);
        _ = _open?.System.Terminate();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Opened opened: OnOpened(opened); break;
            case Failed failed: OnFailed(failed.Cause); break;
            case BrokerSupervisor.GetDoor when _open is null && _failure is null: _asking.Add(Sender); break;
            case BrokerSupervisor.GetDoor: Tell(Sender); break;
            case BrokerSupervisor.ReloadSettings reload: OnReload(reload.Settings); break;
            case AccessLoaded loaded: OnLoaded(loaded); break;
            case AccessFailed failed: _log.Error("The door keeps its users and rules: {Cause}", failed.Cause); break;
            case DoorActor.CloseDoor: _closing = true; _open?.Door.Tell(message); break;
            case BrokerSupervisor.SettleDoor when _open is null or { System.WhenTerminated.IsCompleted: true }:
                Sender.Tell(DoorSettled.Instance, Self);
                break;
            case BrokerSupervisor.SettleDoor: _open!.Door.Forward(message); break;
            default: Unhandled(message); break;
        }
    }

    private static Opened Open(BrokerSettings settings, byte[] secret, IActorRef broker, TimeProvider time, EventStream log)
    {
        var door = settings.Door;
        var access = AccessOf(settings, secret);
        var end = new ListeningEnd(EndPointOf(door.Listen!), TlsOf(door.Tls), BrokerWire.Format, BrokerWire.DoorPath)
        {
            // A client that comes back may come before the connection that it lost is known to be lost.
            MaxConnections = (2 * door.MaxClients) + DoorActor.MostLogins,
            MaxGreetings = DoorActor.MostLogins,
            HandshakeLimit = door.LoginTimeout,
            // who logs in too late is told so first
            AdmissionLimit = 2 * door.LoginTimeout,
        };
        var system = Listen(door.KnownAs, end);
        LogRelay.Between(system, log);
        var plan = new DoorPlan
        {
            Settings = door, Broker = broker, Peers = end.Peers, Time = time,
            Refusals = new(Logging.GetLogger(system, typeof(DoorActor)), time),
        };
        var opened = plan.OpenIn(system, access);
        end.LetIn();
        return new(system, opened, $"akka.tcp://{door.KnownAs}@{end.BoundTo}");
    }

    private static ActorSystem Listen(string name, ListeningEnd end)
    {
        try
        {
            return RemoteSystems.Listen(name, end,
                ConfigurationFactory.ParseString("akka { loggers = [], stdout-loglevel = OFF, loglevel = INFO }"));
        }
        catch (SocketException exception)
        {
            throw new ListenException($"cannot listen on tcp://{end.EndPoint}: {exception.Message}", exception);
        }
    }

    private static DoorAccess AccessOf(BrokerSettings settings, byte[] secret) => new(
        GatewayDoor.Load(settings.Gateway, UserList.Of(settings.Databases.Values), secret), settings.Databases, settings.Door.Admins);

    private static IPEndPoint EndPointOf(HostEndpoint listen) => listen.Host switch
    {
        "*" => new(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, listen.Port),
        "localhost" => new(IPAddress.Loopback, listen.Port),
        var host => new(IPAddress.TryParse(host, out var address) ? address : Dns.GetHostAddresses(host)[0], listen.Port),
    };

    private static TlsEnd? TlsOf(DoorTlsSettings tls)
    {
        if (!tls.IsOn)
        {
            return null;
        }
        var own = TlsFiles.Pem(tls.Certificate, tls.Key);
        return tls.Ca.Length > 0 ? TlsEnd.IssuedBy(own, TlsFiles.Certificate(tls.Ca)) : TlsEnd.Pinned(own, tls.Clients);
    }

    private void OnOpened(Opened opened)
    {
        _open = opened;
        // What it was opened by was read before.
        TellAccess();
        if (_closing)
        {
            opened.Door.Tell(DoorActor.CloseDoor.Instance);
        }
        _log.Info("The door is open at {Address}", opened.Address);
        TellAll();
    }

    private void OnFailed(string cause)
    {
        _failure = new ListenRefused(cause);
        _log.Error("The door is closed: {Cause}", cause);
        TellAll();
    }

    private void TellAll()
    {
        _asking.ForEach(Tell);
        _asking.Clear();
    }

    private void Tell(IActorRef asker) => asker.Tell(_failure is not null ? new Refused(_failure) : new DoorOpened(_open!.Address), Self);

    private void OnReload(BrokerSettings settings)
    {
        _settings = _settings with { Gateway = settings.Gateway, Databases = settings.Databases };
        var (changed, secret) = (_settings, _secret);
        (_readings, var reading) = _readings.Begin();
        // Reads files.
        _ = Task.Run(() => AccessOf(changed, secret)).PipeTo(
            Self, success: access => new AccessLoaded(reading, access),
                failure: static exception => new AccessFailed(exception.GetBaseException().Message));
    }

    private void OnLoaded(AccessLoaded loaded)
    {
        if (_readings.Take(loaded.Reading) is not { } next)
        {
            _log.Info("Users and rules came too late: the door has some that were read after them");
            return;
        }
        (_readings, _changed) = (next, loaded.Access);
        TellAccess();
    }

    private void TellAccess()
    {
        if (_changed is not null)
        {
            _open?.Door.Tell(new DoorActor.AccessChanged(_changed));
        }
    }

    private static bool IsForeseen(Exception exception) =>
        exception.GetBaseException() is IOException or InvalidDataException or CryptographicException or UnauthorizedAccessException
            or SocketException or ArgumentException;
}

/// <summary>The door is open at an address; null when there is no door.</summary>
internal sealed record DoorOpened(string? Address) : IBrokerReply;

/// <summary>No client is owed anything.</summary>
internal sealed record DoorSettled : IBrokerReply
{
    internal static readonly DoorSettled Instance = new();
}
