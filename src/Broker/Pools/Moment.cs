namespace Broker.Pools;

/// <summary>
/// Moments of a pool: the time since its start. A limit that is off is null, and its moment never comes. Callers from afar say what they
/// like: every limit has a moment, and each is <see cref="Never"/> or near enough to reckon with.
/// </summary>
internal static class Moment
{
    internal static readonly TimeSpan Never = TimeSpan.MaxValue;

    // Far beyond what a process lives, and within what timers know.
    private static readonly TimeSpan ForEver = TimeSpan.FromDays(1000);

    /// <summary>The moment at which a limit that begins now is over: at once, when it is below zero.</summary>
    internal static TimeSpan After(this TimeSpan now, TimeSpan? limit) =>
        limit is not { } length || length >= ForEver ? Never
        : length > TimeSpan.Zero ? now + length
        : now;

    /// <summary>How long it is until then; null when it never comes.</summary>
    internal static TimeSpan? Until(this TimeSpan now, TimeSpan moment) =>
        moment == Never ? null
        : moment > now ? moment - now
        : TimeSpan.Zero;

    internal static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
