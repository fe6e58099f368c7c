namespace Broker.Pools;

/// <summary>
/// Where the numbers of a pool's connections and leases stand. It outlives the pool's actor: one that begins anew under the same reference
/// still hears of leases of the one before, which must not be taken for its own. Mutable, and used by one incarnation after the other.
/// </summary>
internal sealed class PoolNumbers
{
    private long _connection;
    private long _lease;

    /// <summary>The pool's first state, counting on.</summary>
    internal PoolState Begin(PoolState state) => state with { LastConnection = _connection, LastLease = _lease };

    /// <summary>The pool ends, here.</summary>
    internal void Keep(PoolState state) => (_connection, _lease) = (state.LastConnection, state.LastLease);
}
