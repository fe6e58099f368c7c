using Broker.Client.Protocol.Failures;

namespace Broker.Client.Executing;

/// <summary>
/// How often a unit of work is run again, and after which pause. It is run again only when the server says that it would go better on fresh
/// state (serialization failure 40001, deadlock 40P01: manual, section 13.5), never after an unknown outcome.
/// </summary>
public sealed record RetryPolicy
{
    /// <summary>6 attempts, 5 ms doubling to 1 s.</summary>
    public static RetryPolicy Default { get; } = new();

    /// <summary>One attempt.</summary>
    public static RetryPolicy None { get; } = new() { Attempts = 1 };

    /// <summary>How often it is run at most, the first time included; 1 or more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int Attempts
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "work is run at least once");
    } = 6;

    /// <summary>The pause before the second attempt; it doubles with each.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>What the pause does not grow beyond.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether a failure is one that fresh state may mend.</summary>
    internal static bool IsWorthAnotherTry(Failure failure) => failure switch
    {
        StatementFailed { ServerSqlState: "40001" or "40P01" } => true,
        ConversationFailed failed => IsWorthAnotherTry(failed.Cause),
        AutoflushFailed failed => IsWorthAnotherTry(failed.Cause),
        _ => false,
    };

    /// <summary>The pause behind an attempt: half of it by chance, so that two that met do not meet again.</summary>
    /// <param name="attempt">Which attempt failed, from 1.</param>
    /// <param name="chance">From 0 to 1.</param>
    internal TimeSpan PauseAfter(int attempt, double chance)
    {
        var full = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, attempt - 1), LongestPause.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (0.5 + (chance / 2)));
    }
}
