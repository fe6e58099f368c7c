using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Gateway.Access;

namespace Broker.Gateway;

/// <summary>Where the gateway listens, as URLs; none when there is no gateway.</summary>
internal sealed record GatewayListening(ImmutableArray<string> Addresses) : IBrokerReply;

/// <summary>The gateway ends: nobody new is taken, clients go when they have ended what they do.</summary>
internal sealed record StopGateway
{
    internal static readonly StopGateway Instance = new();
}

/// <summary>What the gateway's supervisor tells its loops.</summary>
internal static class LoopCommands
{
    /// <summary>What everybody needs is known.</summary>
    internal sealed record Begin(GatewayPlan Plan, GatewayDoor Door) : INoSerializationVerificationNeeded;

    /// <summary>Who comes from now on comes by this door.</summary>
    internal sealed record ChangeDoor(GatewayDoor Door) : INoSerializationVerificationNeeded;

    /// <summary>The gateway ends: shares close their links as these come free, and clients go when they have none.</summary>
    internal sealed record Drain : INoSerializationVerificationNeeded
    {
        internal static readonly Drain Instance = new();
    }
}
