using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Leases;

/// <summary>
/// Asks a pool for a connection. Answered to the sender by <see cref="Connections.ConnectionLent"/> or <see cref="Refused"/>. A lease that
/// is lent after <see cref="WithdrawAcquire"/> is called back.
/// </summary>
/// <param name="Request">Names the request.</param>
/// <param name="Wait">How long it may wait; null for `pool.acquire-timeout`.</param>
/// <param name="Queueing">Whether it waits at all; null for `pool.queueing`.</param>
/// <param name="Holder">Who asks: member, file and line, or an actor's path.</param>
/// <param name="Purpose">What for; may be empty.</param>
/// <param name="Held">
/// Leases of this pool that the asking flow holds already: when all that hold one wait for another, nobody's wait can end.
/// </param>
/// <param name="Watched">Whether the sender is an actor, whose death returns the lease.</param>
internal sealed record AcquireConnection(
    ErrandId Request, TimeSpan? Wait, bool? Queueing, string Holder, string Purpose, ImmutableArray<LeaseId> Held,
        bool Watched) : IBrokerRequest;

/// <summary>The sender of this request wants no connection any more.</summary>
internal sealed record WithdrawAcquire(ErrandId Request);

/// <summary>The holder says that its connection is of no use. Soft: it is replaced when it comes back. Hard: the lease ends now.</summary>
internal sealed record InvalidateLease(LeaseId Lease, bool Hard);

/// <summary>
/// The holder saw its connection break. Told before the return, so that what the same caller asks for next is not lent a sibling that broke
/// with it.
/// </summary>
internal sealed record LeaseSeenBroken(LeaseId Lease);

/// <summary>
/// The holder keeps the connection for good: it leaves the pool's limits, and is closed when it is returned. It still counts for the
/// server.
/// </summary>
internal sealed record DetachLease(LeaseId Lease);

/// <summary>The holder forgot the lease, and the garbage collector found it.</summary>
internal sealed record ForgetLease(LeaseId Lease);
