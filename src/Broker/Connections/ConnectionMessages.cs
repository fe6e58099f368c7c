using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Errands;
using Broker.Statements;
using Npgsql;

namespace Broker.Connections;

/// <summary>What a pool tells one of its connections.</summary>
internal interface IConnectionCommand;

/// <summary>What a connection tells its pool.</summary>
internal interface IConnectionEvent
{
    /// <summary>Which connection.</summary>
    ConnectionId Connection { get; }
}

internal static class ConnectionCommands
{
    /// <summary>Lends the connection: opens a wrapper that dies at return and sends <see cref="ConnectionLent"/> to the borrower.</summary>
    /// <param name="Lease">The new lease.</param>
    /// <param name="Borrower">Who gets <see cref="ConnectionLent"/>.</param>
    /// <param name="Ping">Whether to prove the connection alive first; a failed ping is told to the pool, not to the borrower.</param>
    internal sealed record Lend(LeaseId Lease, IActorRef Borrower, bool Ping) : IConnectionCommand;

    /// <summary>
    /// Carries the errands of one trip in one round trip. Members are answered directly; the pool gets
    /// <see cref="ConnectionEvents.TripEnded"/>.
    /// </summary>
    internal sealed record RunTrip(Trip Trip) : IConnectionCommand;

    /// <summary>Cancels on the server the errand that travels alone; never one of a group. Dropped when it is over.</summary>
    internal sealed record CancelErrand(ErrandId Errand) : IConnectionCommand;

    /// <summary>
    /// Proves an idle connection alive (keepalive, or after a sibling broke). Answered by <see cref="ConnectionEvents.Pinged"/>.
    /// </summary>
    internal sealed record Ping : IConnectionCommand
    {
        internal static readonly Ping Instance = new();
    }

    /// <summary>
    /// Takes a lease back from its holder, by force if need be. Answered by <see cref="ConnectionEvents.Returned"/> or
    /// <see cref="ConnectionEvents.Closed"/>.
    /// </summary>
    internal sealed record Revoke(LeaseId Lease, string Reason) : IConnectionCommand;

    /// <summary>Has the server cancel the trip under way: its members are told, or run elsewhere. Dropped when it is over.</summary>
    internal sealed record CutShort : IConnectionCommand
    {
        internal static readonly CutShort Instance = new();
    }

    /// <summary>
    /// Closes now; a trip under way is finished first. Answered by <see cref="ConnectionEvents.Closed"/>, after which the actor is gone.
    /// </summary>
    internal sealed record Close(CloseReason Reason) : IConnectionCommand;
}

internal static class ConnectionEvents
{
    /// <summary>The physical connection is open and idle.</summary>
    internal sealed record Opened(ConnectionId Connection, BackendIdentity Backend, PoolDefaults Defaults) : IConnectionEvent;

    /// <summary>It could not be opened; the actor is gone.</summary>
    internal sealed record ConnectFailed(ConnectionId Connection, Failure Failure) : IConnectionEvent
    {
        /// <summary>The server process that was left behind, because it could not be closed; null when there is none.</summary>
        internal BackendIdentity? LeftBehind { get; init; }
    }

    /// <summary>The connection, or a hook, failed before it was lent: nothing was lent, the connection is closing.</summary>
    internal sealed record LendFailed(ConnectionId Connection, LeaseId Lease, Failure Failure) : IConnectionEvent;

    /// <summary>The lease is over and the connection is idle and clean.</summary>
    internal sealed record Returned(ConnectionId Connection, LeaseId Lease) : IConnectionEvent;

    /// <summary>A trip is over and the connection is idle and clean.</summary>
    internal sealed record TripEnded(ConnectionId Connection, TripReport Report) : IConnectionEvent
    {
        /// <summary>Whether the connection is closing behind it, and must not be given anything more.</summary>
        internal bool Closing { get; init; }
    }

    /// <summary>
    /// The connection was lost after COMMIT of a write group was sent and before it was answered; it is closing. The members wait until the
    /// outcome is settled.
    /// </summary>
    internal sealed record TripInDoubt(ConnectionId Connection, TripReport Report, TripDoubt Doubt, BackendIdentity Backend, string Cause)
        : IConnectionEvent;

    /// <summary>A ping was answered: alive.</summary>
    internal sealed record Pinged(ConnectionId Connection) : IConnectionEvent;

    /// <summary>
    /// The connection is closed and its actor is gone. Unclean means that nobody saw the server end it: its process may still run (a
    /// ghost).
    /// </summary>
    internal sealed record Closed(ConnectionId Connection, CloseReason Reason, bool Clean, BackendIdentity? Backend) : IConnectionEvent;
}

/// <summary>
/// The connection is lent to the receiver until it sends <see cref="ReturnConnection"/> to <paramref name="Owner"/>, or hears by a
/// <see cref="Refused"/> that the lease was ended for it.
/// </summary>
/// <param name="Pool">Which pool lent it.</param>
/// <param name="Lease">Names this lending.</param>
/// <param name="Wrapper">A connection that dies at return.</param>
/// <param name="Owner">The connection's actor.</param>
/// <param name="Backend">The server process.</param>
internal sealed record ConnectionLent(PoolId Pool, LeaseId Lease, NpgsqlConnection Wrapper, IActorRef Owner, BackendIdentity Backend)
{
    /// <summary>The connection's name in its pool.</summary>
    internal required ConnectionId Connection { get; init; }

    /// <summary>The server process's number.</summary>
    internal int BackendPid => Backend.Pid;
}

/// <summary>
/// Gives a lent connection back, told to its owner. Answered by <see cref="LeaseOver"/>; one whose lease is not the current one does
/// nothing else. That a connection is not to be used again, or stays with its holder for good, is told to the pool before it
/// (<see cref="Leases.InvalidateLease"/>, <see cref="Leases.DetachLease"/>).
/// </summary>
/// <param name="Lease">Which lease.</param>
internal sealed record ReturnConnection(LeaseId Lease) : IBrokerRequest;

/// <summary>The answer to <see cref="ReturnConnection"/>: the wrapper is dead, whatever becomes of the connection.</summary>
/// <param name="Lease">Which lease: one that was called back meanwhile is answered late, when its holder may have the next.</param>
internal sealed record LeaseOver(LeaseId Lease) : IBrokerReply;

/// <summary>Why a connection was closed: one word each, the same in log, metric and code.</summary>
internal enum CloseReason
{
    /// <summary>Beyond size, and nobody waited.</summary>
    Overflow,
    /// <summary>Idle for longer than `pool.idle-timeout`.</summary>
    IdleTimeout,
    /// <summary>Older than `pool.recycle-after`.</summary>
    Recycled,
    /// <summary>Of an older generation, or invalidated by its holder.</summary>
    Invalidated,
    /// <summary>The socket or the protocol failed.</summary>
    Broken,
    /// <summary>A ping was not answered.</summary>
    PingFailed,
    /// <summary>The holder died, overran or forgot its lease.</summary>
    HolderLost,
    /// <summary>A statement did what an errand may not do; what it left behind is not known.</summary>
    Breach,
    /// <summary>Its reset at return took longer than `pool.reset-timeout`.</summary>
    ResetTimedOut,
    /// <summary>A hook of the application failed.</summary>
    HookFailed,
    /// <summary>
    /// Another needed the slot: a pool of the same server, a link of the gateway in place of a connection, or a connection in place of a
    /// link.
    /// </summary>
    Yielded,
    /// <summary>The reserve connection is needed no longer.</summary>
    ReserveOver,
    /// <summary>The connection was taken out of the pool by its holder.</summary>
    Detached,
    /// <summary>The pool is stopping.</summary>
    Stopping,
}
