using Akka.Actor;
using Broker.Client.Remote.Links;
using Broker.Client.Remote.Transport;
using Broker.Configuration;

namespace Broker.Doors;

/// <summary>What the actors of a door go by.</summary>
internal sealed record DoorPlan
{
    /// <summary>The settings of the door.</summary>
    internal required DoorSettings Settings { get; init; }

    /// <summary>The broker's supervisor, in the broker's own actor system.</summary>
    internal required IActorRef Broker { get; init; }

    /// <summary>Who is connected.</summary>
    internal required PeerDirectory Peers { get; init; }

    /// <summary>The clock.</summary>
    internal required TimeProvider Time { get; init; }

    /// <summary>What is logged of logins that fail.</summary>
    internal required RefusalLog Refusals { get; init; }

    /// <summary>Opens the door in the actor system that faces the network.</summary>
    internal IActorRef OpenIn(ActorSystem system, DoorAccess access) => system.ActorOf(DoorActor.For(this, access), BrokerWire.DoorName);
}
