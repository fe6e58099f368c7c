namespace Broker.Configuration;

/// <summary>
/// <c>broker.packing</c>, with what <c>broker.databases.{name}.packing</c> overrides: errands of different callers in one round trip.
/// Defaults are in hocon/reference.conf.
/// </summary>
public sealed record PackingSettings
{
    /// <summary>How reads share a trip.</summary>
    public required ReadPacking Reads { get; init; }

    /// <summary>Whether reads of one text in a trip are answered by one statement.</summary>
    public required bool Fold { get; init; }

    /// <summary>How writes share a trip.</summary>
    public required WritePacking Writes { get; init; }

    /// <summary>Trip time aimed at, 100 us to 1 s.</summary>
    public required TimeSpan Target { get; init; }

    /// <summary>Trip time at which a group is cancelled and its members run alone, 10 ms to 1 min.</summary>
    public required TimeSpan TripLimit { get; init; }

    /// <summary>lock_timeout of a group, 1 ms to 250 ms.</summary>
    public required TimeSpan LockTimeout { get; init; }

    /// <summary>How long a classification from the catalogue is believed, 100 ms to 1 h.</summary>
    public required TimeSpan Recheck { get; init; }

    /// <summary>Most statements in one trip, 1 to 1024.</summary>
    public required int MaxFill { get; init; }

    /// <summary>Connections that trips of fast statements use at the same time, 1 to 1000; null = found by measuring.</summary>
    public required int? Width { get; init; }

    /// <summary>Window in which throughput is measured, 5 ms to 10 s.</summary>
    public required TimeSpan Window { get; init; }

    /// <summary>How often a text that runs alone is tried in a group again, 100 ms to 1 d; null when off.</summary>
    public required TimeSpan? Probe { get; init; }

    /// <summary>What may travel although the shipped rules would refuse it.</summary>
    public required TrustSettings Trust { get; init; }

    /// <summary>Settings that no configuration names: the text holds keys of <c>broker.packing</c>, the rest are defaults.</summary>
    /// <exception cref="SettingsException">A key or a value is wrong.</exception>
    public static PackingSettings Parse(string hocon) => BrokerSettings.Parse($"broker.packing {{\n{hocon}\n}}").PackingDefaults;

    internal static PackingSettings From(SettingsReader reader)
    {
        var settings = new PackingSettings
        {
            Reads = reader.Choice<ReadPacking>("reads"),
            Fold = reader.Switch("fold"),
            Writes = reader.Choice<WritePacking>("writes"),
            Target = reader.Duration("target", "100us", "1s"),
            TripLimit = reader.Duration("trip-limit", "10ms", "1m"),
            LockTimeout = reader.Duration("lock-timeout", "1ms", "250ms"),
            Recheck = reader.Duration("recheck", "100ms", "1h"),
            MaxFill = reader.Whole("max-fill", 1, 1_024),
            Width = reader.WholeOr("width", "auto", 1, 1_000),
            Window = reader.Duration("window", "5ms", "10s"),
            Probe = reader.DurationOrOff("probe", "100ms", "1d"),
            Trust = TrustSettings.From(reader.Inside("trust")),
        };
        reader.Check(settings.TripLimit > settings.Target, "trip-limit", "allowed is a time above target");
        reader.Done();
        return settings;
    }
}
