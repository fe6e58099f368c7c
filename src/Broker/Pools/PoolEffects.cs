using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Connections;

namespace Broker.Pools;

/// <summary>What a decision wants done.</summary>
internal interface IPoolEffect;

/// <summary>Something for the budget of the pool's server.</summary>
internal interface IBudgetEffect : IPoolEffect
{
    /// <summary>The same as the budget hears it.</summary>
    IBudgetCommand For(IActorRef pool, PoolPlan plan);
}

internal static class PoolEffects
{
    /// <summary>Ask the server's budget for that many connections more. The reserve may be granted from the server's own reserve.</summary>
    internal sealed record AskPermits(int Wanted, bool Reserve) : IBudgetEffect
    {
        /// <inheritdoc/>
        public IBudgetCommand For(IActorRef pool, PoolPlan plan) =>
            new BudgetCommands.AskPermit(pool, plan.Pool, plan.Weight, Wanted, Reserve);
    }

    /// <summary>That many asks are not needed any more. A grant that crosses this is given back.</summary>
    internal sealed record WithdrawPermits(int Count, bool Reserve) : IBudgetEffect
    {
        /// <inheritdoc/>
        public IBudgetCommand For(IActorRef pool, PoolPlan plan) => new BudgetCommands.WithdrawPermits(pool, Count, Reserve);
    }

    /// <summary>Tell the budget which server process is behind a permit.</summary>
    internal sealed record NameBackend(PermitId Permit, BackendIdentity Backend) : IBudgetEffect
    {
        /// <inheritdoc/>
        public IBudgetCommand For(IActorRef pool, PoolPlan plan) => new BudgetCommands.NameBackend(pool, Permit, Backend);
    }

    /// <summary>The connection is gone, or was never opened.</summary>
    internal sealed record ReleasePermit(PermitId Permit) : IBudgetEffect
    {
        /// <inheritdoc/>
        public IBudgetCommand For(IActorRef pool, PoolPlan plan) => new BudgetCommands.ReleasePermit(pool, Permit);
    }

    /// <summary>The connection is gone on this side only: the server may still have it.</summary>
    internal sealed record ReleaseGhost(PermitId Permit, BackendIdentity? Backend) : IBudgetEffect
    {
        /// <inheritdoc/>
        public IBudgetCommand For(IActorRef pool, PoolPlan plan) => new BudgetCommands.ReleaseGhost(pool, Permit, Backend);
    }

    /// <summary>Start a connection's actor.</summary>
    /// <param name="Connection">Its name.</param>
    /// <param name="First">Whether it is to run the first-connect hook; no other is opened until it is open.</param>
    internal sealed record Open(ConnectionId Connection, bool First) : IPoolEffect;

    /// <summary>Close a connection.</summary>
    internal sealed record Close(ConnectionId Connection, CloseReason Reason) : IPoolEffect;

    /// <summary>Cancel the trip that a connection is on.</summary>
    internal sealed record CutShort(ConnectionId Connection) : IPoolEffect;

    /// <summary>Prove an idle connection alive.</summary>
    internal sealed record Ping(ConnectionId Connection) : IPoolEffect;

    /// <summary>Lend a connection to who asked.</summary>
    internal sealed record Lend(ConnectionId Connection, LeaseId Lease, WaiterId Waiter, TimeSpan Waited) : IPoolEffect;

    /// <summary>Call a lease back.</summary>
    internal sealed record Revoke(ConnectionId Connection, LeaseId Lease, string Reason) : IPoolEffect;

    /// <summary>A lease is over, however it ended; its holder need not be watched any more.</summary>
    internal sealed record LeaseEnded(LeaseId Lease, TimeSpan Held) : IPoolEffect;

    /// <summary>
    /// The connection was being lent and could not be: the request waits again at its old place, and is still to be watched.
    /// </summary>
    internal sealed record LendUndone(LeaseId Lease, WaiterId Waiter) : IPoolEffect;

    /// <summary>Tell who asked that there is no lease for it.</summary>
    internal sealed record Refuse(WaiterId Waiter, Failure Failure, TimeSpan Waited) : IPoolEffect;

    /// <summary>There are connections for errands: pump the line now, then say what it still wants.</summary>
    internal sealed record PumpErrands : IPoolEffect
    {
        internal static readonly PumpErrands Instance = new();
    }

    /// <summary>No errand in line can be served.</summary>
    internal sealed record RefuseErrands(Failure Failure) : IPoolEffect;

    /// <summary>A lease has been out for longer than `pool.leak-threshold`: say who, since when, doing what.</summary>
    internal sealed record ReportLeak(LeaseStatus Lease) : IPoolEffect;

    /// <summary>A connection was opened after this long.</summary>
    internal sealed record Connected(ConnectionId Connection, TimeSpan Took) : IPoolEffect;

    /// <summary>A connect failed; this many in a row, and the next one not before.</summary>
    internal sealed record ConnectsFailing(Failure Failure, int InARow, TimeSpan NextAt) : IPoolEffect;

    /// <summary>Send a tick at this moment, instead of at any announced before.</summary>
    internal sealed record WakeAt(TimeSpan Moment) : IPoolEffect;

    /// <summary>The pool has stopped and its last connection is closed.</summary>
    internal sealed record Stopped : IPoolEffect
    {
        internal static readonly Stopped Instance = new();
    }
}
