using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Pools;

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
    private IActorRef _pools = ActorRefs.Nobody;

    public BrokerSupervisor(BrokerSettings settings, BrokerMeter meter, TimeProvider time) => (_settings, _meter, _time) = (settings, meter, time);

    /// <summary>How to make one.</summary>
    internal static Props For(BrokerSettings settings, BrokerMeter meter, TimeProvider time) =>
        Props.Create(() => new BrokerSupervisor(settings, meter, time));

    /// <summary>Ends all pools, draining them within `broker.shutdown.drain-timeout`. Answered by <see cref="BrokerStopped"/>.</summary>
    internal sealed record StopBroker
    {
        internal static readonly StopBroker Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart() => _pools = Context.ActorOf(PoolRegistry.For(_settings, _meter, _time), "pools");

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FindPool or StopBroker: _pools.Forward(message); break;
            default: Unhandled(message); break;
        }
    }
}

/// <summary>Every pool has stopped and every connection is closed.</summary>
internal sealed record BrokerStopped : IBrokerReply
{
    internal static readonly BrokerStopped Instance = new();
}
