using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Gateway.Access;
using Broker.Gateway.Cancelling;
using Broker.Gateway.Clients;
using Broker.Gateway.Listeners;
using Broker.Gateway.Loops;
using Broker.Hosting;

namespace Broker.Gateway;

/// <summary>
/// `/user/broker/gateway`: opens the listeners, hands those who connect to the loops in turn, counts the clients that are let in, and finds
/// those that are to be cancelled. It sees no byte of theirs. Its children are listeners and loops; one that dies unforeseen ends the
/// gateway, and it begins anew.
/// </summary>
internal sealed class GatewaySupervisor : UntypedActor
{
    private const int ListenBacklog = 4096;

    private readonly BrokerSettings _settings;
    private readonly IActorRef _pools;
    private readonly TimeProvider _time;
    private readonly GatewayTelemetry _telemetry;
    private readonly byte[] _secret;
    private readonly ClientCounts _counts;
    private readonly ClientKeys<AdmittedClient> _keys = new();
    private readonly Dictionary<int, AdmittedClient> _admitted = [];
    private readonly Dictionary<IActorRef, int> _byLogin = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private ImmutableArray<LoopHome> _loops = [];
    private ImmutableArray<string> _addresses = [];
    private ReadingOrder _readings = ReadingOrder.None;
    private Failure? _failure;
    private int _turn;
    private bool _stopping;

    public GatewaySupervisor(BrokerSettings settings, IActorRef pools, GatewayTelemetry telemetry, TimeProvider time)
    {
        (_settings, _pools, _telemetry, _time, _counts) = (settings, pools, telemetry, time, new(settings.Gateway));
        _secret = GatewayDoor.NewSecret();
    }

    private GatewaySettings Gateway => _settings.Gateway;

    /// <summary>How to make one.</summary>
    internal static Props For(BrokerSettings settings, IActorRef pools, GatewayTelemetry telemetry, TimeProvider time) =>
        Props.Create(() => new GatewaySupervisor(settings, pools, telemetry, time));

    private sealed record DoorLoaded(long Reading, GatewayDoor Door) : INoSerializationVerificationNeeded;

    private sealed record DoorRefused(string Cause) : INoSerializationVerificationNeeded;

    private sealed record AdmittedClient(string User, string Database, IActorRef Login)
    {
        internal IActorRef? Actor { get; set; }
    }

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Escalate);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        try
        {
            Open();
        }
        catch (Exception exception) when (IsForeseen(exception))
        {
            _failure = new ListenRefused(exception.Message);
            _log.Error("The gateway is closed: {Cause}", exception.Message);
        }
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClientConnected client: OnConnected(client); break;
            case AdmitClient admit: OnAdmit(admit); break;
            case KeyTaken taken: OnKeyTaken(taken); break;
            case ClientLeft left: OnLeft(left.Key); break;
            case LoginEnded ended when _byLogin.TryGetValue(ended.Login, out var key): OnLeft(key); break;
            // it was not let in
            case LoginEnded: break;
            case CancelAsked cancel: OnCancel(_keys.Find(cancel.Request)?.Actor, cancel.Asker); break;
            case BrokerSupervisor.GetListening:
                Sender.Tell(_failure is { } failure ? new Refused(failure) : new GatewayListening(_addresses));
                break;
            case BrokerSupervisor.ReloadSettings reload: OnReload(reload.Settings); break;
            case DoorLoaded loaded: OnDoor(loaded); break;
            case DoorRefused refused: _log.Error("The gateway keeps its users, rules and certificates: {Cause}", refused.Cause); break;
            case StopGateway: OnStop(); break;
            default: Unhandled(message); break;
        }
    }

    private void Open()
    {
        var door = GatewayDoor.Load(Gateway, UserList.Of(_settings.Databases.Values), _secret);
        var listening = new List<ListeningSocket>();
        try
        {
            foreach (var address in Gateway.Listen)
            {
                listening.AddRange(Listen(address));
            }
            StartLoops(door);
        }
        catch
        {
            listening.ForEach(static socket => socket.Dispose());
            throw;
        }
        _addresses = [.. listening.Select(static socket => socket.Address)];
        foreach (var socket in listening)
        {
            Context.ActorOf(ListenerActor.For(socket));
            _log.Info("The gateway listens on {Address}", socket.Address);
        }
    }

    private void StartLoops(GatewayDoor door)
    {
        // a quarter of the processors: one loop carries more than a server can answer, and fewer loops share more round trips
        var dispatchers = Reactors.Of(Context.System).Start(Gateway.Loops ?? Math.Max(1, Environment.ProcessorCount / 4));
        _loops = [.. dispatchers.Select(id => new LoopHome(
            ((ReactorDispatcherConfigurator)Context.System.Dispatchers.Lookup(id).Configurator).Loop,
            Context.ActorOf(LoopActor.Create().WithDispatcher(id))))];
        var plan =
            new GatewayPlan { Settings = Gateway, Supervisor = Self, Pools = _pools, Time = _time, Telemetry = _telemetry, Loops = _loops };
        foreach (var loop in _loops)
        {
            loop.Actor.Tell(new LoopCommands.Begin(plan, door));
        }
    }

    private IEnumerable<ListeningSocket> Listen(HostEndpoint address)
    {
        if (address.IsUnixSocket)
        {
            return [ListeningSocket.OnUnix(address.Host, address.Port, Gateway.Unix.Mode, ListenBacklog)];
        }
        return AddressesOf(address.Host).Select(ip => ListeningSocket.OnTcp(new(ip, address.Port), ListenBacklog));
    }

    private static IPAddress[] AddressesOf(string host)
    {
        if (host == "*")
        {
            return Socket.OSSupportsIPv6 ? [IPAddress.Any, IPAddress.IPv6Any] : [IPAddress.Any];
        }
        if (IPAddress.TryParse(host, out var address))
        {
            return [address];
        }
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException exception)
        {
            throw new ListenException($"cannot listen on tcp://{host}: {exception.Message}", exception);
        }
    }

    private void OnConnected(ClientConnected client)
    {
        var socket = client.Socket;
        if (_stopping)
        {
            socket.Dispose();
            return;
        }
        var loop = _loops[_turn++ % _loops.Length].Actor;
        if (client.Peer is not { } peer)
        {
            loop.Tell(TakeFromTcp(socket));
            return;
        }
        // may ask a directory
        _ = Task.Run(() => new TakeClient(socket, ClientOrigin.Of(socket, peer.UserName()))).PipeTo(loop, failure: exception =>
        {
            socket.Dispose();
            return new Status.Failure(exception);
        });
    }

    private static TakeClient TakeFromTcp(Socket socket)
    {
        if (socket.ProtocolType is ProtocolType.Tcp)
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        }
        return new(socket, ClientOrigin.Of(socket, null));
    }

    private void OnAdmit(AdmitClient admit)
    {
        if (_counts.Enter(admit.User, admit.Database) is { } failure)
        {
            Sender.Tell(new Refused(failure), ActorRefs.NoSender);
            return;
        }
        var client = new AdmittedClient(admit.User, admit.Database, Sender);
        var key = _keys.Give(client, admit.Version);
        _admitted.Add(key.ProcessId, client);
        _byLogin[Sender] = key.ProcessId;
        _telemetry.ClientEntered();
        Sender.Tell(new ClientAdmitted(key), ActorRefs.NoSender);
    }

    private void OnCancel(IActorRef? client, IActorRef asker)
    {
        _telemetry.CancelAsked(client is not null);
        if (client is null)
        {
            asker.Tell(CancelOver.Instance, ActorRefs.NoSender);
            return;
        }
        asker.Tell(new CancelPassed(client), ActorRefs.NoSender);
        client.Tell(new CancelClient(asker), ActorRefs.NoSender);
    }

    private void OnKeyTaken(KeyTaken taken)
    {
        if (_admitted.TryGetValue(taken.Key, out var client))
        {
            client.Actor = taken.Client;
            _byLogin.Remove(client.Login);
        }
    }

    private void OnLeft(int key)
    {
        if (_admitted.Remove(key, out var client))
        {
            _byLogin.Remove(client.Login);
            _keys.Take(key);
            _counts.Leave(client.User, client.Database);
        }
    }

    /// <summary>
    /// Users, rules and certificates are read anew: who comes from now on comes by them. When they are not right, those from before stay.
    /// </summary>
    private void OnReload(BrokerSettings settings)
    {
        var secret = _secret;
        (_readings, var reading) = _readings.Begin();
        // reads files
        _ = Task.Run(() => GatewayDoor.Load(settings.Gateway, UserList.Of(settings.Databases.Values), secret))
            .PipeTo(Self, success: door => new DoorLoaded(reading, door), failure: static exception => new DoorRefused(exception.Message));
    }

    private void OnDoor(DoorLoaded loaded)
    {
        if (_readings.Take(loaded.Reading) is not { } next)
        {
            _log.Info("Users, rules and certificates came too late: the gateway has some that were read after them");
            return;
        }
        _readings = next;
        foreach (var loop in _loops)
        {
            loop.Actor.Tell(new LoopCommands.ChangeDoor(loaded.Door));
        }
        _log.Info("The gateway has its users, rules and certificates anew");
    }

    private static bool IsForeseen(Exception exception) =>
        exception is ListenException or IOException or InvalidDataException or CryptographicException or UnauthorizedAccessException;

    private void OnStop()
    {
        _stopping = true;
        foreach (var child in Context.GetChildren())
        {
            if (_loops.Any(loop => loop.Actor.Equals(child)))
            {
                child.Tell(LoopCommands.Drain.Instance);
            }
            else
            {
                Context.Stop(child);
            }
        }
    }
}
