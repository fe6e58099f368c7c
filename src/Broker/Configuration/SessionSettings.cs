namespace Broker.Configuration;

/// <summary><c>broker.sessions</c>: conversations. Defaults are in hocon/reference.conf.</summary>
public sealed record SessionSettings
{
    /// <summary>How long a transaction in which nothing happens lives before it is rolled back, 10 ms to 7 d; null when off.</summary>
    public required TimeSpan? IdleLimit { get; init; }

    /// <summary>How long a cursor that nobody reads stays open, 10 ms to 7 d; null when off.</summary>
    public required TimeSpan? CursorIdleLimit { get; init; }

    /// <summary>How long the outcome of a commit is remembered when its conversation is gone, 1 s to 30 d.</summary>
    public required TimeSpan OutcomeKeep { get; init; }

    /// <summary>Replies kept per handle until it acknowledges them, 1 to 10000.</summary>
    public required int RepliesKept { get; init; }

    /// <summary>Outcomes of commits kept per handle beyond that, 1 to 100000.</summary>
    public required int OutcomesKept { get; init; }

    /// <summary>How large these replies may be together, per handle, 1 KiB to 1 GiB.</summary>
    public required int ReplyBytes { get; init; }

    internal static SessionSettings From(SettingsReader reader)
    {
        var settings = new SessionSettings
        {
            IdleLimit = reader.DurationOrOff("idle-limit", "10ms", "7d"),
            CursorIdleLimit = reader.DurationOrOff("cursor-idle-limit", "10ms", "7d"),
            OutcomeKeep = reader.Duration("outcome-keep", "1s", "30d"),
            RepliesKept = reader.Whole("replies-kept", 1, 10_000),
            OutcomesKept = reader.Whole("outcomes-kept", 1, 100_000),
            ReplyBytes = reader.Bytes("reply-bytes", "1KiB", "1GiB"),
        };
        reader.Done();
        return settings;
    }
}
