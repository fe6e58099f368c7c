namespace Broker.Configuration;

/// <summary><c>broker.servers.{name}.tcp-keepalive</c>: keepalive of the operating system. Defaults are in hocon/reference.conf.</summary>
public sealed record TcpKeepaliveSettings
{
    /// <summary>Silence before the first probe, 1 s to 1 d; null when off.</summary>
    public required TimeSpan? Idle { get; init; }

    /// <summary>Time between probes, 1 s to 1 h.</summary>
    public required TimeSpan Interval { get; init; }

    internal static TcpKeepaliveSettings From(SettingsReader reader)
    {
        var settings = new TcpKeepaliveSettings
        {
            Idle = reader.DurationOrOff("idle", "1s", "1d"),
            Interval = reader.Duration("interval", "1s", "1h"),
        };
        reader.Done();
        return settings;
    }
}
