using System.Collections.Immutable;

namespace Broker.Client.Protocol.Messages;

/// <summary>Asks a pool how it is. Answered by <see cref="PoolStatus"/>.</summary>
public sealed record GetPoolStatus : IBrokerRequest
{
    /// <summary>The only one.</summary>
    public static GetPoolStatus Instance { get; } = new();
}

/// <summary>How a pool is at one moment.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Size">Connections it keeps (`pool.size`); 0 is unlimited.</param>
/// <param name="Overflow">Connections it may open beyond size; -1 is unlimited.</param>
/// <param name="Opening">Connections being opened.</param>
/// <param name="Idle">Connections that wait for work.</param>
/// <param name="Busy">Connections on an errand's trip.</param>
/// <param name="Lent">Connections lent to a holder.</param>
/// <param name="Waiting">Requests for a lease in line.</param>
/// <param name="WaitingErrands">Errands in line.</param>
/// <param name="OldestWait">How long the oldest request has been waiting; zero when none waits.</param>
/// <param name="Generation">Counts invalidations of the whole pool.</param>
/// <param name="Suspended">Whether new borrowers are held or refused.</param>
/// <param name="LastConnectFailure">The text of the last failed connect since the last success; null when none.</param>
/// <param name="Leases">Who holds what.</param>
public sealed record PoolStatus(
    PoolId Pool, int Size, int Overflow, int Opening, int Idle, int Busy, int Lent, int Waiting, int WaitingErrands,
    TimeSpan OldestWait, long Generation, bool Suspended, string? LastConnectFailure, ImmutableArray<LeaseStatus> Leases) : IBrokerReply;

/// <summary>One lease that is out.</summary>
/// <param name="Lease">Which lease.</param>
/// <param name="Connection">Which connection.</param>
/// <param name="BackendPid">The server process.</param>
/// <param name="Holder">Who asked: member, file and line of the call, or the holder's path.</param>
/// <param name="Purpose">What the holder said it is doing; empty when nothing.</param>
/// <param name="Held">For how long.</param>
public sealed record LeaseStatus(LeaseId Lease, ConnectionId Connection, int BackendPid, string Holder, string Purpose, TimeSpan Held);

/// <summary>
/// Marks every connection of the pool as of an older generation. Soft: a busy one is replaced when it comes back. Hard: leases are
/// revoked and connections closed now. Answered by <see cref="PoolInvalidated"/>.
/// </summary>
public sealed record InvalidatePool(bool Hard) : IBrokerRequest;

/// <summary>The pool's new generation.</summary>
public sealed record PoolInvalidated(long Generation) : IBrokerReply;

/// <summary>
/// Holds or refuses new borrowers (`pool.suspended`), until <see cref="ResumePool"/>. Answered by <see cref="PoolSuspended"/>.
/// </summary>
public sealed record SuspendPool : IBrokerRequest
{
    /// <summary>The only one.</summary>
    public static SuspendPool Instance { get; } = new();
}

/// <summary>New borrowers are held or refused.</summary>
public sealed record PoolSuspended(PoolId Pool) : IBrokerReply;

/// <summary>Serves those held. Answered by <see cref="PoolResumed"/>.</summary>
public sealed record ResumePool : IBrokerRequest
{
    /// <summary>The only one.</summary>
    public static ResumePool Instance { get; } = new();
}

/// <summary>Borrowers are served again.</summary>
public sealed record PoolResumed(PoolId Pool) : IBrokerReply;
