using Akka.Actor;

namespace Broker.Client.Protocol.Messages;

/// <summary>
/// Asks the broker which actor is the pool of a database. Answered by <see cref="PoolFound"/>, or <see cref="Refused"/> with
/// <c>UnknownDatabase</c>.
/// </summary>
/// <param name="Database">The database's name in the broker's settings.</param>
/// <param name="User">The user to log in as; null for the database's own.</param>
public sealed record FindPool(string Database, string? User = null) : IBrokerRequest;

/// <summary>Where the pool is. The reference stays valid for as long as the broker runs.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Supervisor">Its supervisor: send it errands and lease requests.</param>
public sealed record PoolFound(PoolId Pool, IActorRef Supervisor) : IBrokerReply;
