namespace Broker.Configuration;

/// <summary>
/// <c>broker.errands</c>, with what <c>broker.databases.{name}.errands</c> overrides: single statements outside any conversation. Defaults
/// are in hocon/reference.conf.
/// </summary>
public sealed record ErrandSettings
{
    /// <summary>Whether a single write whose connection is lost at its commit is settled before its caller is answered.</summary>
    public required bool Settle { get; init; }

    /// <summary>How long a settlement may try before the outcome is told as unknown, 100 ms to 1 h.</summary>
    public required TimeSpan SettleTimeout { get; init; }

    /// <summary>How long an errand whose caller says nothing may wait in line, 1 ms to 1 d; null for the pool's acquire-timeout.</summary>
    public required TimeSpan? WaitTimeout { get; init; }

    /// <summary>Errands that may wait for a trip at the same time, per pool, 1 to 1000000; null = no limit.</summary>
    public required int? MaxWaiting { get; init; }

    /// <summary>Bytes of a result that is held back until its trip is sure, 1 KiB to 16 MiB; larger ones travel alone.</summary>
    public required int ReplyLimit { get; init; }

    /// <summary>Bytes of a result that is collected in memory, 1 KiB to 2047 MiB; larger ones are refused.</summary>
    public required int ResultLimit { get; init; }

    /// <summary>Statement texts whose classification and cost are remembered per pool, 16 to 1000000.</summary>
    public required int StatementsCached { get; init; }

    /// <summary>Prepared statements kept per connection, 0 to 10000; 0 = none.</summary>
    public required int StatementsPrepared { get; init; }

    /// <summary>Streamed results.</summary>
    public required StreamSettings Stream { get; init; }

    /// <summary>The table of idempotency keys.</summary>
    public required LedgerSettings Ledger { get; init; }

    /// <summary>Settings that no configuration names: the text holds keys of <c>broker.errands</c>, the rest are defaults.</summary>
    /// <exception cref="SettingsException">A key or a value is wrong.</exception>
    public static ErrandSettings Parse(string hocon) => BrokerSettings.Parse($"broker.errands {{\n{hocon}\n}}").ErrandDefaults;

    internal static ErrandSettings From(SettingsReader reader)
    {
        var settings = new ErrandSettings
        {
            Settle = reader.Switch("settle"),
            SettleTimeout = reader.Duration("settle-timeout", "100ms", "1h"),
            WaitTimeout = reader.DurationOrOff("wait-timeout", "1ms", "1d"),
            MaxWaiting = reader.WholeOr("max-waiting", "off", 1, 1_000_000),
            ReplyLimit = reader.Bytes("reply-limit", "1KiB", "16MiB"),
            ResultLimit = reader.Bytes("result-limit", "1KiB", "2047MiB"),
            StatementsCached = reader.Whole("statements-cached", 16, 1_000_000),
            StatementsPrepared = reader.Whole("statements-prepared", 0, 10_000),
            Stream = StreamSettings.From(reader.Inside("stream")),
            Ledger = LedgerSettings.From(reader.Inside("ledger")),
        };
        reader.Done();
        return settings;
    }
}
