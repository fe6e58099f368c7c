using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Pools;
using Broker.Pools.Hooks;

namespace Broker.Hosting;

/// <summary>
/// `/user/broker`: starts the rest, nothing more. Requests for a pool are forwarded to the directory of pools. A child that fails is restarted by
/// itself; if this actor dies, everything does.
/// </summary>
internal sealed class BrokerSupervisor : UntypedActor
{
    private readonly BrokerSettings _settings;
    private readonly BrokerMeter _meter;
    private readonly TimeProvider _time;
    private readonly ImmutableDictionary<string, PoolHooks> _hooks;
    private IActorRef _pools = ActorRefs.Nobody;

    public BrokerSupervisor(BrokerSettings settings, BrokerMeter meter, TimeProvider time, ImmutableDictionary<string, PoolHooks> hooks) =>
        (_settings, _meter, _time, _hooks) = (settings, meter, time, hooks);

    /// <summary>How to make one.</summary>
    internal static Props For(BrokerSettings settings, BrokerMeter meter, TimeProvider time, ImmutableDictionary<string, PoolHooks> hooks) =>
        Props.Create(() => new BrokerSupervisor(settings, meter, time, hooks));

    /// <summary>Ends all pools, draining them within `broker.shutdown.drain-timeout`. Answered by <see cref="BrokerStopped"/>.</summary>
    internal sealed record StopBroker
    {
        internal static readonly StopBroker Instance = new();
    }

    /// <summary>Has each pool with `fail-fast` open its first connection. Answered by <see cref="ConnectsProven"/>, or by the first refusal.</summary>
    internal sealed record ProveConnects
    {
        internal static readonly ProveConnects Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart() => _pools = Context.ActorOf(PoolRegistry.For(_settings, _meter, _time, _hooks), "pools");

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FindPool or StopBroker or ProveConnects: _pools.Forward(message); break;
            default: Unhandled(message); break;
        }
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
