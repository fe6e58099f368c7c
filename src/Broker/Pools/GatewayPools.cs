using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Gateway.Links;

namespace Broker.Pools;

/// <summary>
/// Asks the directory for the pool that a client of the gateway uses. Answered by <see cref="GatewayPoolFound"/> or <see cref="Refused"/>.
/// </summary>
/// <param name="Database">What the client calls the database.</param>
/// <param name="User">What it calls itself.</param>
internal sealed record FindGatewayPool(string Database, string User) : IBrokerRequest;

/// <summary>The pool that a client of the gateway uses.</summary>
/// <param name="Pool">Its name.</param>
/// <param name="Supervisor">Its actor.</param>
/// <param name="Links">How its links are opened.</param>
/// <param name="Mode">How long a client keeps one.</param>
internal sealed record GatewayPoolFound(PoolId Pool, IActorRef Supervisor, LinkPlan Links, PoolMode Mode)
    : IBrokerReply, INoSerializationVerificationNeeded;

/// <summary>Links of the pool are opened, and kept, so from now on.</summary>
internal sealed record LinksChanged(LinkPlan Links) : IBrokerReply, INoSerializationVerificationNeeded, IDeadLetterSuppression;
