namespace Broker.Configuration;

/// <summary><c>broker.pool.shed</c>: load shedding by delay in the waiting line (CoDel). Defaults are in hocon/reference.conf.</summary>
public sealed record ShedSettings
{
    /// <summary>
    /// When even the shortest wait of an interval exceeds this, waits beyond twice this are refused; 1 ms to 1 min; null when off.
    /// </summary>
    public required TimeSpan? Target { get; init; }

    /// <summary>Length of an interval, 10 ms to 10 min.</summary>
    public required TimeSpan Interval { get; init; }

    internal static ShedSettings From(SettingsReader reader)
    {
        var settings = new ShedSettings
        {
            Target = reader.DurationOrOff("target", "1ms", "1m"),
            Interval = reader.Duration("interval", "10ms", "10m"),
        };
        reader.Done();
        return settings;
    }
}
