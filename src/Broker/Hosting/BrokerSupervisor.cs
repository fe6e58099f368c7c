using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Doors;
using Broker.Gateway;
using Broker.Pools;
using Broker.Pools.Hooks;
using Broker.Sandboxes;
using Broker.Sessions;

namespace Broker.Hosting;

/// <summary>
/// `/user/broker`: starts the rest, nothing more. Requests for a pool are forwarded to the directory of pools, those for a conversation to
/// that of conversations. A child that fails is restarted by itself; if this actor dies, everything does.
/// </summary>
internal sealed class BrokerSupervisor : UntypedActor
{
    /// <summary>The name of the child that has the door for clients of PostgreSQL.</summary>
    internal const string Gateway = "gateway";

    /// <summary>The name of the child that has the door for programs on other machines.</summary>
    internal const string Door = "door";

    private readonly BrokerMeter _meter;
    private readonly TimeProvider _time;
    private readonly ImmutableDictionary<string, PoolHooks> _hooks;
    private IActorRef _pools = ActorRefs.Nobody;
    private IActorRef _sessions = ActorRefs.Nobody;
    private IActorRef _gateway = ActorRefs.Nobody;
    private IActorRef _door = ActorRefs.Nobody;
    private SettingsInForce _inForce;
    private ReloadSettings? _given;
    private long _sandboxes;

    public BrokerSupervisor(BrokerSettings settings, BrokerMeter meter, TimeProvider time, ImmutableDictionary<string, PoolHooks> hooks) =>
        (_inForce, _meter, _time, _hooks) = (SettingsInForce.At(settings), meter, time, hooks);

    /// <summary>How to make one.</summary>
    internal static Props For(BrokerSettings settings, BrokerMeter meter, TimeProvider time,
        ImmutableDictionary<string, PoolHooks> hooks) =>
        Props.Create(() => new BrokerSupervisor(settings, meter, time, hooks));

    /// <summary>Ends all pools, draining them within `broker.shutdown.drain-timeout`. Answered by <see cref="BrokerStopped"/>.</summary>
    internal sealed record StopBroker
    {
        internal static readonly StopBroker Instance = new();
    }

    /// <summary>
    /// Has each pool with `fail-fast` open its first connection. Answered by <see cref="ConnectsProven"/>, or by the first refusal.
    /// </summary>
    internal sealed record ProveConnects
    {
        internal static readonly ProveConnects Instance = new();
    }

    /// <summary>
    /// These settings were read anew, and checked. The gateway is told all of them, if there is one; files that settings name may have
    /// changed although no setting has. Everybody else is told by <see cref="SettingsTaken"/> what can be taken. Answered by
    /// <see cref="SettingsReloaded"/>.
    /// </summary>
    internal sealed record ReloadSettings(BrokerSettings Settings);

    /// <summary>These settings hold from now on: told to those who go by them.</summary>
    internal sealed record SettingsTaken(BrokerSettings Settings);

    private sealed record ChildFailed(IActorRef Child) : INoSerializationVerificationNeeded;

    /// <summary>
    /// Asks where the gateway listens. Answered by <see cref="GatewayListening"/>, or by <see cref="Refused"/> when it could not be opened.
    /// </summary>
    internal sealed record GetListening
    {
        internal static readonly GetListening Instance = new();
    }

    /// <summary>
    /// Asks where the door is open. Answered by <see cref="DoorOpened"/>, or by <see cref="Refused"/> when it could not be opened.
    /// </summary>
    internal sealed record GetDoor
    {
        internal static readonly GetDoor Instance = new();
    }

    /// <summary>
    /// The broker has stopped, and its door is about to end. Answered by <see cref="DoorSettled"/> when each client that is in has
    /// everything that it was owed, or is gone.
    /// </summary>
    internal sealed record SettleDoor
    {
        internal static readonly SettleDoor Instance = new();
    }

    private BrokerSettings Settings => _inForce.Settings;

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(cause =>
    {
        Self.Tell(new ChildFailed(Sender), ActorRefs.NoSender);
        return Akka.Actor.SupervisorStrategy.DefaultDecider.Decide(cause);
    });

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _pools = Context.ActorOf(PoolRegistry.For(Settings, _meter, _time, _hooks), "pools");
        _sessions = Context.ActorOf(SessionRegistry.For(Settings, _meter, _time, _pools), "sessions");
        if (!Settings.Gateway.Listen.IsEmpty)
        {
            _gateway = Context.ActorOf(GatewaySupervisor.For(Settings, _pools, new(_meter), _time), Gateway);
        }
        if (Settings.Door.Listen is not null)
        {
            _door = Context.ActorOf(DoorSupervisor.For(Settings, Self, _time), Door);
        }
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FindPool or ProveConnects: _pools.Forward(message); break;
            case OpenSession or JoinSession or RunInSession or LeaveSession or CancelInSession or NoteUnsent or GetCommitOutcome:
                _sessions.Forward(message);
                break;
            case GetListening when _gateway.IsNobody(): Sender.Tell(new GatewayListening([])); break;
            case GetListening: _gateway.Forward(message); break;
            case GetDoor when _door.IsNobody(): Sender.Tell(new DoorOpened(null)); break;
            case GetDoor: _door.Forward(message); break;
            case SettleDoor when _door.IsNobody(): Sender.Tell(DoorSettled.Instance); break;
            case SettleDoor: _door.Forward(message); break;
            case OpenSandbox open: OnOpen(open); break;
            case ReloadSettings reload: OnReload(reload); break;
            case ChildFailed failed: OnFailed(failed.Child); break;
            case StopBroker:
                _sessions.Tell(SessionRegistry.StopSessions.Instance);
                _gateway.Tell(StopGateway.Instance);
                _door.Tell(DoorActor.CloseDoor.Instance);
                foreach (var child in Sandboxes)
                {
                    child.Tell(new CloseSandbox(), ActorRefs.NoSender);
                }
                _pools.Forward(message);
                break;
            default: Unhandled(message); break;
        }
    }

    private IEnumerable<IActorRef> Sandboxes =>
        Context.GetChildren()
            .Where(child => !child.Equals(_sessions) && !child.Equals(_pools) && !child.Equals(_gateway) && !child.Equals(_door));

    private void OnReload(ReloadSettings reload)
    {
        _given = reload;
        (_inForce, var reloaded) = _inForce.Take(reload.Settings, hasGateway: !_gateway.IsNobody());
        var taken = new SettingsTaken(Settings);
        // Pools first: who finds none by the new settings asks them.
        _pools.Tell(taken, Self);
        foreach (var child in Sandboxes.Append(_sessions))
        {
            child.Tell(taken, Self);
        }
        _gateway.Tell(reload, Self);
        _door.Tell(reload, Self);
        Sender.Tell(reloaded, Self);
    }

    // It begins anew by the settings from the start.
    private void OnFailed(IActorRef child)
    {
        if (_given is { } given)
        {
            child.Tell(child.Equals(_gateway) || child.Equals(_door) ? given : new SettingsTaken(Settings), Self);
        }
    }

    private void OnOpen(OpenSandbox open)
    {
        var sandbox = Context.ActorOf(SandboxActor.For(open, Settings, _meter, _time, _pools), $"sandbox-{++_sandboxes}");
        Sender.Tell(new SandboxOpened(sandbox), Self);
    }
}

/// <summary>Every pool that was to open a connection at start has one.</summary>
internal sealed record ConnectsProven : IBrokerReply
{
    internal static readonly ConnectsProven Instance = new();
}

/// <summary>Every pool has stopped and every connection is closed.</summary>
internal sealed record BrokerStopped : IBrokerReply
{
    internal static readonly BrokerStopped Instance = new();
}
