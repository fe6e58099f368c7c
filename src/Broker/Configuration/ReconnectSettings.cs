namespace Broker.Configuration;

/// <summary>
/// <c>broker.pool.reconnect</c>: pauses between attempts to reach a server that does not answer. Defaults are in hocon/reference.conf.
/// </summary>
public sealed record ReconnectSettings
{
    /// <summary>The first pause, 1 ms to 1 min; each next one is twice as long.</summary>
    public required TimeSpan MinBackoff { get; init; }

    /// <summary>The longest pause, up to 1 h.</summary>
    public required TimeSpan MaxBackoff { get; init; }

    /// <summary>Random part of each pause as a fraction of it, 0 to 1.</summary>
    public required double Jitter { get; init; }

    /// <summary>The pause after so many failures before this one.</summary>
    /// <param name="before">0 for the shortest pause.</param>
    /// <param name="roll">From 0 to 1, at random.</param>
    internal TimeSpan PauseAfter(int before, double roll)
    {
        var doubled = MinBackoff * Math.Pow(2, Math.Min(before, 30));
        return (doubled < MaxBackoff ? doubled : MaxBackoff) * (1 - (Jitter * roll));
    }

    internal static ReconnectSettings From(SettingsReader reader)
    {
        var settings = new ReconnectSettings
        {
            MinBackoff = reader.Duration("min-backoff", "1ms", "1m"),
            MaxBackoff = reader.Duration("max-backoff", "1ms", "1h"),
            Jitter = reader.Fraction("jitter", 0, 1),
        };
        reader.Check(settings.MaxBackoff >= settings.MinBackoff, "max-backoff", "allowed is a time not below min-backoff");
        reader.Done();
        return settings;
    }
}
