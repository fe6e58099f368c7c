namespace Broker.Configuration;

/// <summary>
/// <c>broker.gateway.timeouts</c>: how long what a client of the gateway does may take. Defaults are in hocon/reference.conf.
/// </summary>
public sealed record GatewayTimeoutSettings
{
    /// <summary>
    /// Waiting for a server connection, 1 ms to 1 d; null: as long as the pool's <see cref="PoolSettings.AcquireTimeout"/>.
    /// </summary>
    public required TimeSpan? QueryWait { get; init; }

    /// <summary>A statement, 1 ms to 7 d; null: no limit.</summary>
    public required TimeSpan? Query { get; init; }

    /// <summary>A transaction, 1 ms to 7 d; null: no limit.</summary>
    public required TimeSpan? Transaction { get; init; }

    /// <summary>The silence of a client inside a transaction, 1 ms to 7 d; null: no limit.</summary>
    public required TimeSpan? IdleInTransaction { get; init; }

    /// <summary>The silence of a client outside a transaction, 1 s to 365 d; null: no limit.</summary>
    public required TimeSpan? ClientIdle { get; init; }

    /// <summary>From a client's connect to its being let in, 100 ms to 1 h.</summary>
    public required TimeSpan ClientLogin { get; init; }

    /// <summary>Waiting of a cancel request for a connection to the server to carry it, 10 ms to 10 min.</summary>
    public required TimeSpan CancelWait { get; init; }

    internal static GatewayTimeoutSettings From(SettingsReader reader)
    {
        var settings = new GatewayTimeoutSettings
        {
            QueryWait = reader.DurationOrOff("query-wait", "1ms", "1d"),
            Query = reader.DurationOrOff("query", "1ms", "7d"),
            Transaction = reader.DurationOrOff("transaction", "1ms", "7d"),
            IdleInTransaction = reader.DurationOrOff("idle-in-transaction", "1ms", "7d"),
            ClientIdle = reader.DurationOrOff("client-idle", "1s", "365d"),
            ClientLogin = reader.Duration("client-login", "100ms", "1h"),
            CancelWait = reader.Duration("cancel-wait", "10ms", "10m"),
        };
        reader.Done();
        return settings;
    }
}
