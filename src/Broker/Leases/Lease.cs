using System.Data;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Sending;
using Broker.Connections;
using Npgsql;

namespace Broker.Leases;

/// <summary>
/// A connection lent to the caller until this is disposed. The wrapper dies at return: whoever kept it gets ObjectDisposedException, whatever state it was
/// left in is undone, and the server process serves the next borrower. A lease that is forgotten is found by the garbage collector: then its
/// connection is closed and a leak is reported with the place that took it.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    private readonly ConnectionLent _lent;
    private readonly IActorRef _pool;
    private readonly HeldLeases _held;
    private readonly ReplyHome _home;
    private int _returned;

    internal Lease(ConnectionLent lent, IActorRef pool, HeldLeases held, ReplyHome home)
    {
        _home = home;
        _lent = lent;
        _pool = pool;
        _held = held;
        _held.Got(lent.Pool, lent.Lease);
    }

    /// <summary>Tells the pool of a lease that nobody holds any more.</summary>
    ~Lease()
    {
        if (_returned == 0)
        {
            _pool.Tell(new ForgetLease(_lent.Lease), ActorRefs.NoSender);
        }
    }

    /// <summary>The connection. It is not thread-safe, as any NpgsqlConnection; do not keep it.</summary>
    public NpgsqlConnection Connection => _lent.Wrapper;

    /// <summary>Names this lending, as in the log and in the pool's status.</summary>
    public LeaseId Id => _lent.Lease;

    /// <summary>The server process behind the connection.</summary>
    public int BackendPid => _lent.BackendPid;

    /// <summary>Says that the connection is not to be used again. Soft: it is replaced when it is returned. Hard: the lease ends now.</summary>
    public void Invalidate(bool hard = false) => _pool.Tell(new InvalidateLease(_lent.Lease, hard), ActorRefs.NoSender);

    /// <summary>Takes the connection out of the pool's limits for good; disposing then closes it. It still counts for its server.</summary>
    public void Detach() => _pool.Tell(new DetachLease(_lent.Lease), ActorRefs.NoSender);

    /// <summary>
    /// Returns the connection. From any thread, any number of times; the first counts. Ends when the wrapper is dead; a transaction that was left open is
    /// rolled back by then.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _returned, 1) != 0)
        {
            return ValueTask.CompletedTask;
        }
        GC.SuppressFinalize(this);
        _held.Over();
        if (Connection.FullState == ConnectionState.Broken)
        {
            _pool.Tell(new LeaseSeenBroken(_lent.Lease), ActorRefs.NoSender);
        }
        var over = new Reply<LeaseOver>(_home, static answer => (LeaseOver)answer);
        _lent.Owner.Tell(new ReturnConnection(_lent.Lease), over);
        return EndAsync(over.Answer);
    }

    private async ValueTask EndAsync(ValueTask<LeaseOver> over)
    {
        try
        {
            await over;
        }
        catch (BrokerException)
        {
            // The connection's actor is gone, and nobody else ends the wrapper.
            await Connection.DisposeAsync();
        }
    }
}
