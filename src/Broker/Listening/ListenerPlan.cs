using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;

namespace Broker.Listening;

/// <summary>What a pool's listener needs to know. Values and references only.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Connector">Opens its connection.</param>
/// <param name="Budget">The budget of the server, which the connection counts against.</param>
/// <param name="Settings">The pool's settings: patience, pauses, keepalive.</param>
internal sealed record ListenerPlan(PoolId Pool, PhysicalConnector Connector, IActorRef Budget, PoolSettings Settings);

/// <summary>Tells a listener that its pool's plan is another.</summary>
/// <param name="Plan">Its own.</param>
/// <param name="Renew">Whether it leads elsewhere: then the connection is made anew there, as one that was lost.</param>
internal sealed record ChangeListenerPlan(ListenerPlan Plan, bool Renew) : INoSerializationVerificationNeeded;
