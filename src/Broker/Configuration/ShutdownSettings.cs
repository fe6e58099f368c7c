namespace Broker.Configuration;

/// <summary><c>broker.shutdown</c>: the graceful stop. Defaults are in hocon/reference.conf.</summary>
public sealed record ShutdownSettings
{
    /// <summary>How long running work may finish after new work is refused, 0 to 1 h.</summary>
    public required TimeSpan DrainTimeout { get; init; }

    /// <summary>How long closing the connections may take, 10 ms to 10 min.</summary>
    public required TimeSpan CloseTimeout { get; init; }

    internal static ShutdownSettings From(SettingsReader reader)
    {
        var settings = new ShutdownSettings
        {
            DrainTimeout = reader.Duration("drain-timeout", "0s", "1h"),
            CloseTimeout = reader.Duration("close-timeout", "10ms", "10m"),
        };
        reader.Done();
        return settings;
    }
}
