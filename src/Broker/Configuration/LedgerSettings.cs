using Broker.Settlement;

namespace Broker.Configuration;

/// <summary><c>broker.errands.ledger</c>: the table of idempotency keys. Defaults are in hocon/reference.conf.</summary>
public sealed record LedgerSettings
{
    /// <summary>Name of the table with its schema; null when off.</summary>
    public required string? Table { get; init; }

    /// <summary>How long a key is kept, 1 min to 365 d.</summary>
    public required TimeSpan Keep { get; init; }

    internal static LedgerSettings From(SettingsReader reader)
    {
        var settings = new LedgerSettings
        {
            Table = reader.WordsOrOff("table"),
            Keep = reader.Duration("keep", "1m", "365d"),
        };
        reader.Check(settings.Table is null || LedgerTable.IsName(settings.Table), "table",
            "allowed is the name of a table (letters, digits, _ and $), with or without a schema, or off");
        reader.Done();
        return settings;
    }
}
