namespace Broker.Leases;

/// <summary>
/// What happens to a lease while it is out, for its holder to hear. It is reached from the pool for as long as the lease lasts, so it must
/// not know the <see cref="Lease"/>: one that is forgotten has to be found by the garbage collector.
/// </summary>
internal sealed class LeaseNews
{
    private readonly CancellationTokenSource _over = new();
    private Failure? _failure;

    /// <summary>Fires when the lease ended and its holder did not end it.</summary>
    internal CancellationToken Lost => _over.Token;

    /// <summary>Why it ended; null while it is good.</summary>
    internal Failure? Failure => Volatile.Read(ref _failure);

    /// <summary>The lease is over. Only the first reason counts. Who listens runs elsewhere, not on the thread that tells.</summary>
    internal void Ended(Failure failure)
    {
        if (Interlocked.CompareExchange(ref _failure, failure, null) is null)
        {
            _ = _over.CancelAsync().ContinueWith(static listeners => _ = listeners.Exception, TaskScheduler.Default);
        }
    }
}
