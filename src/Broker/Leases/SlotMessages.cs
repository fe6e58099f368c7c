using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Connections;

namespace Broker.Leases;

/// <summary>
/// Asks a pool for a slot without a connection in it: the gateway opens a server connection of its own there (a link). It counts as a lease
/// in every respect - limits, turns, the server's budget - but those that are about a caller who keeps one too long, since a link serves
/// many callers: `max-lease`, `leak-threshold`, `self-starved`. Answered to the sender, which is watched, once: by <see cref="SlotLent"/>,
/// to be ended by <see cref="ReturnSlot"/>, or by <see cref="SlotRefused"/>. <see cref="WithdrawAcquire"/> takes it back: it is refused as
/// cancelled, unless it was lent a moment before; then <see cref="SlotRevoked"/> follows. A pool that fails refuses what waits, and revokes
/// what is lent.
/// </summary>
/// <param name="Request">Names the request.</param>
/// <param name="Wait">How long it may wait; null for `pool.acquire-timeout`.</param>
internal sealed record AcquireSlot(ErrandId Request, TimeSpan? Wait) : IBrokerRequest;

/// <summary>The receiver may open one server connection, and has the slot until it sends <see cref="ReturnSlot"/>.</summary>
/// <param name="Pool">Which pool lent it.</param>
/// <param name="Lease">Names this lending.</param>
/// <param name="Connection">The name that the server connection has in its pool.</param>
/// <param name="Request">Which request it answers.</param>
internal sealed record SlotLent(PoolId Pool, LeaseId Lease, ConnectionId Connection, ErrandId Request) : IBrokerReply;

/// <summary>There is no slot for this request.</summary>
/// <param name="Request">Which request.</param>
/// <param name="Failure">Why.</param>
internal sealed record SlotRefused(ErrandId Request, Failure Failure) : IBrokerReply;

/// <summary>The link in a slot is open, and this is its server process: told to the pool.</summary>
/// <param name="Lease">Which slot.</param>
/// <param name="Backend">The process.</param>
internal sealed record NameSlot(LeaseId Lease, BackendIdentity Backend);

/// <summary>
/// There is no server connection in the slot any more: told to the pool, which may lend it anew. Dropped when the lease is over already.
/// </summary>
/// <param name="Lease">Which slot.</param>
/// <param name="Reason">Why the link ended.</param>
/// <param name="Clean">False when the server may still have its process: then it counts as a ghost.</param>
internal sealed record ReturnSlot(LeaseId Lease, CloseReason Reason, bool Clean)
{
    /// <summary>
    /// Why no link could be opened; null when there was one. The pool's pauses between connects take it into account.
    /// </summary>
    internal Failure? ConnectFailure { get; init; }

    /// <summary>The server process that is left behind, when it was not told by <see cref="NameSlot"/>.</summary>
    internal BackendIdentity? LeftBehind { get; init; }
}

/// <summary>
/// Others need slots of this pool: the receiver gives back so many, idle ones at once and else the next that come free, unless whoever
/// waits for them there has waited longer. Each <see cref="ReturnSlot"/>, whatever for, counts it down on both sides. A later one replaces
/// it; 0: none are needed any more.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Count">How many.</param>
/// <param name="Since">
/// Since when the oldest of the others waits, as <see cref="TimeProvider.GetTimestamp"/> says it; <see cref="long.MinValue"/> when they go
/// before everybody; <see cref="long.MaxValue"/> when everybody goes before them: other pools could use what lies idle here, now or later,
/// and a link that was used in the last 100 ms may be kept.
/// </param>
internal sealed record SlotsWanted(PoolId Pool, int Count, long Since);

/// <summary>
/// The slots that the receiver has at this moment are given back when they come free: the pool is invalidated, or stops.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Reason">Why.</param>
internal sealed record SlotsOutdated(PoolId Pool, CloseReason Reason);

/// <summary>
/// The slot is taken back now, whoever uses it: the receiver closes its link and sends <see cref="ReturnSlot"/>. Of no use for a slot that
/// it has given back already.
/// </summary>
/// <param name="Lease">Which slot.</param>
/// <param name="Reason">Why, in words.</param>
internal sealed record SlotRevoked(LeaseId Lease, string Reason);
