using Broker.Configuration;

namespace Broker.Errands;

/// <summary>
/// Counts what trips of fast reads complete in each window of time, and lets <see cref="TripWidth"/> judge it. Owned by one actor.
/// </summary>
internal sealed class WidthWindow
{
    private readonly PackingSettings _packing;
    private readonly TimeProvider _time;
    private TripWidth _width = TripWidth.Start;
    private WidthSigns _signs;
    private long _began;
    private long _completed;
    private long _inBroker;
    private long? _idleSince;

    /// <param name="packing">How errands are packed.</param>
    /// <param name="most">How many connections trips may use at the most, at least 1.</param>
    /// <param name="time">The clock.</param>
    internal WidthWindow(PackingSettings packing, int most, TimeProvider time)
    {
        _packing = packing;
        Most = most;
        _time = time;
        _began = time.GetTimestamp();
    }

    /// <summary>How many connections trips may use at the most.</summary>
    internal int Most { get; set => field = Math.Max(1, value); }

    /// <summary>How many connections trips of fast reads may use now.</summary>
    internal int InUse => _packing.Width ?? Math.Min(_width.InUse, Most);

    /// <summary>A trip is over.</summary>
    /// <param name="arrived">When its members came, as TimeProvider timestamps.</param>
    /// <param name="completed">How many of them it completed, from the first on.</param>
    /// <param name="othersWait">Whether errands waited at its end.</param>
    /// <param name="othersTravel">Whether another trip was under way at its end.</param>
    internal void Completed(ReadOnlySpan<long> arrived, int completed, bool othersWait, bool othersTravel)
    {
        var now = _time.GetTimestamp();
        BeginAnewAfterIdling(arrived);
        _idleSince = othersWait || othersTravel ? null : now;
        for (var i = 0; i < completed; i++)
        {
            _inBroker += now - arrived[i];
        }
        _completed += completed;
        _signs |= (othersWait || arrived.Length > 1 ? WidthSigns.Shared
            : WidthSigns.None) | (othersTravel ? WidthSigns.Parallel
            : WidthSigns.None);
        var elapsed = _time.GetElapsedTime(_began, now);
        if (elapsed < _packing.Window)
        {
            return;
        }
        var inBroker = (double)_inBroker / _time.TimestampFrequency;
        _width = _width.After(new(WidthSample.ScoreOf(_completed, elapsed.TotalSeconds, inBroker), _signs), Most);
        Begin(now);
    }

    // Time in which nobody asked for anything says nothing about a width.
    private void BeginAnewAfterIdling(ReadOnlySpan<long> arrived)
    {
        if (_idleSince is not { } idleSince)
        {
            return;
        }
        var asked = long.MaxValue;
        foreach (var at in arrived)
        {
            asked = Math.Min(asked, at);
        }
        if (asked > idleSince && _time.GetElapsedTime(idleSince, asked) > _packing.Window / 5)
        {
            Begin(asked);
        }
    }

    private void Begin(long at) => (_began, _completed, _inBroker, _signs) = (at, 0, 0, WidthSigns.None);
}
