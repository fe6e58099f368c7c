namespace Broker.Configuration;

/// <summary><c>broker.log</c>: what is logged beside the usual. Defaults are in hocon/reference.conf.</summary>
public sealed record LogSettings
{
    /// <summary>Least level that brokerd writes. An embedding application decides by its own logging.</summary>
    public required LogLevel Level { get; init; }

    /// <summary>Whether statement texts (never parameters) are logged.</summary>
    public required bool Statements { get; init; }

    /// <summary>Statements that took longer are logged as warnings, 1 ms to 1 d; null when off.</summary>
    public required TimeSpan? SlowStatement { get; init; }

    /// <summary>Waits for a connection that took longer are logged as warnings, 1 ms to 1 d; null when off.</summary>
    public required TimeSpan? SlowAcquire { get; init; }

    internal static LogSettings From(SettingsReader reader)
    {
        var settings = new LogSettings
        {
            Level = reader.Choice<LogLevel>("level"),
            Statements = reader.Switch("statements"),
            SlowStatement = reader.DurationOrOff("slow-statement", "1ms", "1d"),
            SlowAcquire = reader.DurationOrOff("slow-acquire", "1ms", "1d"),
        };
        reader.Done();
        return settings;
    }
}
