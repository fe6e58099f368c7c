using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Errands;
using Broker.Pools.Hooks;

namespace Broker.Connections;

/// <summary>Everything a connection needs to know of its pool's settings. Values only.</summary>
/// <param name="Pool">The pool it belongs to.</param>
/// <param name="Connector">Opens physical connections of this pool.</param>
/// <param name="Trips">What bounds a trip.</param>
/// <param name="TripLimit">A group older than this is cancelled, and its members run alone.</param>
/// <param name="PingTimeout">How long a ping may take.</param>
/// <param name="Reset">What is done when a connection comes back.</param>
internal sealed record ConnectionPlan(
    PoolId Pool, PhysicalConnector Connector, TripLimits Trips, TimeSpan TripLimit, TimeSpan PingTimeout, ResetMode Reset)
{
    /// <summary>How long bringing a returned connection back to idle, or closing one, may take.</summary>
    internal required TimeSpan ResetTimeout { get; init; }

    /// <summary>The budget of the server, for what needs a connection beside the pool's.</summary>
    internal required IActorRef Budget { get; init; }

    /// <summary>The application's hooks.</summary>
    internal required HookRunner Hooks { get; init; }
}
