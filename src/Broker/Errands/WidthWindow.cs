using Broker.Configuration;

namespace Broker.Errands;

/// <summary>Counts what trips of fast reads complete in each window of time, and lets <see cref="TripWidth"/> judge it. Owned by the pool's actor.</summary>
internal sealed class WidthWindow
{
    private readonly PackingSettings _packing;
    private readonly TimeProvider _time;
    private TripWidth _width = TripWidth.Start;
    private long _began;
    private long _completed;
    private bool _saturated;

    internal WidthWindow(PackingSettings packing, TimeProvider time)
    {
        _packing = packing;
        _time = time;
        _began = time.GetTimestamp();
    }

    /// <summary>How many connections the pool could give.</summary>
    internal int Most { get; set; } = 1;

    /// <summary>How many connections trips of fast reads may use now.</summary>
    internal int InUse => _packing.Width ?? Math.Max(1, Math.Min(_width.InUse, Most));

    /// <summary>A trip is over.</summary>
    /// <param name="members">How many statements it completed.</param>
    /// <param name="othersWait">Whether errands waited at its end.</param>
    internal void Completed(int members, bool othersWait)
    {
        _completed += members;
        _saturated |= othersWait;
        var elapsed = _time.GetElapsedTime(_began);
        if (elapsed < _packing.Window)
        {
            return;
        }
        _width = _width.After(_completed / elapsed.TotalSeconds, _saturated, Math.Max(1, Most));
        (_began, _completed, _saturated) = (_time.GetTimestamp(), 0, false);
    }
}
