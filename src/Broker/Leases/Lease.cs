using System.Data;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sending;
using Broker.Connections;
using Broker.Diagnostics;
using Npgsql;

namespace Broker.Leases;

/// <summary>
/// A connection lent to the caller until this is disposed. The wrapper dies at return: whoever kept it gets ObjectDisposedException,
/// whatever state it was left in is undone, and the server process serves the next borrower. A lease that is forgotten is found by the
/// garbage collector: then its connection is closed and a leak is reported with the place that took it.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    private readonly ConnectionLent _lent;
    private readonly IActorRef _pool;
    private readonly HeldLeases _held;
    private readonly LeaseNews _news;
    private readonly LeaseActivity _activity;
    private readonly ReplyHome _home;
    private int _returned;

    internal Lease(ConnectionLent lent, IActorRef pool, HeldLeases held, LeaseNews news, LeaseActivity activity, ReplyHome home)
    {
        _home = home;
        _lent = lent;
        _pool = pool;
        _held = held;
        _news = news;
        _activity = activity;
        _held.Got(lent.Pool, lent.Lease);
        _activity.Lent(lent.Pool, lent.Connection, lent.Lease, lent.BackendPid);
        lent.Wrapper.StateChange += WatchFor(lent, pool, news);
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
    /// <exception cref="BrokerException">
    /// The lease has ended: <see cref="LeaseRevoked"/> when it was taken back, <see cref="ConnectionLost"/> when its connection broke.
    /// </exception>
    public NpgsqlConnection Connection => _news.Failure is { } failure ? throw new BrokerException(failure) : _lent.Wrapper;

    /// <summary>
    /// Fires as soon as it is known that the lease ended before it was returned: taken back, or its connection broke. A server process that
    /// dies while the holder sends nothing is noticed by nobody; then the next call is the one that fails. What is registered here keeps a
    /// forgotten lease from being found if it refers to the lease.
    /// </summary>
    public CancellationToken Lost => _news.Lost;

    /// <summary>Names this lending, as in the log and in the pool's status.</summary>
    public LeaseId Id => _lent.Lease;

    /// <summary>The server process behind the connection.</summary>
    public int BackendPid => _lent.BackendPid;

    /// <summary>
    /// Says that the connection is not to be used again. Soft: it is replaced when it is returned. Hard: the lease ends now.
    /// </summary>
    public void Invalidate(bool hard = false) => _pool.Tell(new InvalidateLease(_lent.Lease, hard), ActorRefs.NoSender);

    /// <summary>Takes the connection out of the pool's limits for good; disposing then closes it. It still counts for its server.</summary>
    public void Detach() => _pool.Tell(new DetachLease(_lent.Lease), ActorRefs.NoSender);

    /// <summary>
    /// Returns the connection. From any thread, any number of times; the first counts. Ends when the wrapper is dead; a transaction that
    /// was left open is rolled back by then.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _returned, 1) != 0)
        {
            return ValueTask.CompletedTask;
        }
        GC.SuppressFinalize(this);
        _held.Over();
        _activity.Returned();
        var over = new Reply<LeaseOver>(_home, static answer => (LeaseOver)answer);
        _lent.Owner.Tell(new ReturnConnection(_lent.Lease), over);
        return EndAsync(over.Answer);
    }

    /// <summary>
    /// Npgsql says that a connection broke in the call that finds out. The pool is told at once, before the holder's next line: what is
    /// asked for next is not to be lent a sibling that broke with it.
    /// </summary>
    private static StateChangeEventHandler WatchFor(ConnectionLent lent, IActorRef pool, LeaseNews news) => (connection, _) =>
    {
        if (((NpgsqlConnection)connection).FullState == ConnectionState.Broken)
        {
            pool.Tell(new LeaseSeenBroken(lent.Lease), ActorRefs.NoSender);
            news.Ended(new ConnectionLost(lent.Pool, "it broke while it was lent"));
        }
    };

    private async ValueTask EndAsync(ValueTask<LeaseOver> over)
    {
        try
        {
            await over;
        }
        catch (BrokerException)
        {
            // The connection's actor is gone, and nobody else ends the wrapper.
            await _lent.Wrapper.DisposeAsync();
        }
    }
}
