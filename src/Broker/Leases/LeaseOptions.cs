namespace Broker.Leases;

/// <summary>How a lease is asked for. What is null is decided by the pool's settings.</summary>
public sealed record LeaseOptions
{
    /// <summary>All by the pool's settings.</summary>
    public static LeaseOptions Default { get; } = new();

    /// <summary>
    /// How long to wait for a connection (`broker.pool.acquire-timeout`); <see cref="Timeout.InfiniteTimeSpan"/> for ever.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, and not infinite.</exception>
    public TimeSpan? Wait
    {
        get;
        init => field = value == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue
            : value < TimeSpan.Zero ? throw new ArgumentOutOfRangeException(nameof(value), value, "a wait is not negative")
            : value;
    }

    /// <summary>Whether to wait at all; if not, a busy pool refuses at once with <c>PoolBusy</c> (`broker.pool.queueing`).</summary>
    public bool? Queueing { get; init; }

    /// <summary>What the lease is for, in a few words: named by the leak report and the pool's status.</summary>
    public string Purpose { get; init; } = "";
}
