namespace Broker.Configuration;

/// <summary><c>broker.diagnostics</c>: metrics, traces, status and health. Defaults are in hocon/reference.conf.</summary>
public sealed record DiagnosticsSettings
{
    /// <summary>Whether the meter Broker is fed.</summary>
    public required bool Metrics { get; init; }

    /// <summary>Whether the activity source Broker is fed.</summary>
    public required bool Traces { get; init; }

    /// <summary>Holders listed in one pool status, 0 to 10000.</summary>
    public required int Holders { get; init; }

    /// <summary>How long the health check may take, 10 ms to 1 min.</summary>
    public required TimeSpan HealthTimeout { get; init; }

    internal static DiagnosticsSettings From(SettingsReader reader)
    {
        var settings = new DiagnosticsSettings
        {
            Metrics = reader.Switch("metrics"),
            Traces = reader.Switch("traces"),
            Holders = reader.Whole("holders", 0, 10_000),
            HealthTimeout = reader.Duration("health-timeout", "10ms", "1m"),
        };
        reader.Done();
        return settings;
    }
}
