namespace Broker.Pools;

/// <summary>Moments of a pool: the time since its start. A limit that is off is null, and its moment never comes.</summary>
internal static class Moment
{
    internal static readonly TimeSpan Never = TimeSpan.MaxValue;

    /// <summary>The moment at which a limit that begins now is over.</summary>
    internal static TimeSpan After(this TimeSpan now, TimeSpan? limit) => limit is not { } length || length >= Never - now ? Never : now + length;

    internal static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
