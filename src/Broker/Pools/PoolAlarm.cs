using Akka.Actor;
using Akka.Event;

namespace Broker.Pools;

/// <summary>
/// Tells a pool's actor when something is due: a moment of its state's, and a wait of its errands'. By the pool's own clock, which tests
/// move.
/// </summary>
internal sealed class PoolAlarm : IDisposable
{
    // What timers know; a difference below it is no reason to set one anew.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly ITimer _first;
    private readonly ITimer _second;
    private readonly TimeProvider _time;
    private TimeSpan? _secondAt;

    internal PoolAlarm(TimeProvider time, IActorRef pool)
    {
        _time = time;
        _first = time.CreateTimer(_ => pool.Tell(Rang.Instance, ActorRefs.NoSender), null, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _second = time.CreateTimer(_ => pool.Tell(Rang.Instance, ActorRefs.NoSender), null, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Something may be due.</summary>
    internal sealed record Rang : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        internal static readonly Rang Instance = new();
    }

    /// <summary>Sets the first alarm, instead of any time set before; null turns it off.</summary>
    internal void SetFirst(TimeSpan? wait) => _first.Change(NotNegative(wait), Timeout.InfiniteTimeSpan);

    /// <summary>
    /// Sets the second alarm, unless it is set for as soon already: it rings at the latest then, perhaps for nothing, and is set anew.
    /// </summary>
    internal void SetSecond(TimeSpan wait)
    {
        var at = _time.GetElapsedTime(0).After(wait);
        if (_secondAt is not { } sooner || at < sooner - Tick)
        {
            _secondAt = at;
            _second.Change(NotNegative(wait), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>It rang: the second may be set again.</summary>
    internal void HasRung() => _secondAt = null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    // Rounded up to the millisecond that timers know, so that it never rings before its time.
    private static TimeSpan NotNegative(TimeSpan? wait) => wait is not { } given ? Timeout.InfiniteTimeSpan
        : TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(given.TotalMilliseconds), 0, int.MaxValue));
}
