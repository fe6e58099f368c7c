namespace Broker.Errands;

/// <summary>
/// How many connections trips of fast statements use at a time: climbs or falls with the throughput seen in windows of time. Pure. Few
/// connections with full trips beat many with one statement each wherever the processor is the limit; where the network is, more are better.
/// So the neighbours of the width in use are tried now and then, and the better one is kept.
/// </summary>
/// <param name="Kept">The width that is the best so far.</param>
/// <param name="Rate">What it gives, in statements per second; 0 while not known.</param>
/// <param name="Direction">Where to look next: +1 or -1.</param>
/// <param name="Trying">Whether the neighbour is being tried.</param>
/// <param name="Windows">Windows since trying or resting began.</param>
/// <param name="Tried">What the neighbour gave so far, summed over the windows that count.</param>
internal readonly record struct TripWidth(int Kept, double Rate, int Direction, bool Trying, int Windows, double Tried = 0)
{
    // One window is noise: a width is judged by the mean of several, and a wider one must be clearly better.
    private const int WindowsOfRest = 12;
    private const int WindowsOfTrial = 6;
    private const double Better = 1.07;
    private const double NotWorse = 0.98;

    /// <summary>Two connections, nothing known: while the server works on one trip, the other's answers are read and the next is gathered.</summary>
    internal static TripWidth Start { get; } = new(2, 0, 1, false, 0);

    /// <summary>The width to use now.</summary>
    internal int InUse => Trying ? Kept + Direction : Kept;

    /// <summary>What is used after a window.</summary>
    /// <param name="rate">Statements per second in the window that ended.</param>
    /// <param name="saturated">Whether errands waited although all of the width was in use; else the width decided nothing and nothing is learned.</param>
    /// <param name="most">The largest width possible now, at least 1.</param>
    internal TripWidth After(double rate, bool saturated, int most)
    {
        if (InUse > most)
        {
            return new(Math.Min(Kept, most), 0, -1, false, 0);
        }
        return !saturated ? AfterIdle() : Trying ? AfterTrial(rate) : AfterRest(rate, most);
    }

    // Nobody waited, so there is more width than work: spread over all of it, each trip would be thin. It narrows until somebody waits.
    private TripWidth AfterIdle() =>
        Trying ? this with { Trying = false, Windows = 0, Tried = 0 }
        : Windows + 1 < WindowsOfRest / 2 ? this with { Windows = Windows + 1 }
        : new(Math.Max(Math.Min(Start.Kept, Kept), Kept - 1), 0, 1, false, 0);

    private TripWidth AfterRest(double rate, int most)
    {
        var rested = this with { Rate = Rate == 0 ? rate : (Rate * 0.8) + (rate * 0.2), Windows = Windows + 1 };
        var direction = Kept + Direction < 1 || Kept + Direction > most ? -Direction : Direction;
        var possible = Kept + direction >= 1 && Kept + direction <= most;
        return rested.Windows >= WindowsOfRest && possible ? rested with { Direction = direction, Trying = true, Windows = 0 } : rested;
    }

    private TripWidth AfterTrial(double rate)
    {
        // The first window after a change still holds trips of the width before.
        var tried = this with { Windows = Windows + 1, Tried = Windows == 0 ? 0 : Tried + rate };
        if (tried.Windows < WindowsOfTrial)
        {
            return tried;
        }
        var mean = tried.Tried / (WindowsOfTrial - 1);
        var keep = Direction > 0 ? mean > Rate * Better : mean > Rate * NotWorse;
        return keep
            ? new(Kept + Direction, mean, Direction, false, WindowsOfRest / 2)
            : new(Kept, Rate, -Direction, false, 0);
    }
}
