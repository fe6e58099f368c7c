namespace Broker.Errands;

/// <summary>
/// How many connections trips of fast statements use at a time. Few connections with full trips beat many with one statement each wherever
/// the processor is the limit; where the network is, more are better. So a neighbour of the width in use is tried now and then, and the
/// better one is kept. Pure.
/// </summary>
/// <param name="Kept">The width that is the best so far.</param>
/// <param name="Score">What it gave in the last rest, as a <see cref="WidthSample.Score"/>; 0 while not known.</param>
/// <param name="Direction">Where to look next: +1 or -1.</param>
/// <param name="Trying">Whether the neighbour is being tried.</param>
/// <param name="Windows">Windows since trying or resting began.</param>
/// <param name="Sum">The scores of those windows, the first left out.</param>
/// <param name="Rest">For how many windows the width kept is used before a neighbour is tried.</param>
/// <param name="Seen">What those windows showed together.</param>
internal readonly record struct TripWidth(
    int Kept, double Score, int Direction, bool Trying, int Windows, double Sum = 0, int Rest = TripWidth.ShortRest,
        WidthSigns Seen = WidthSigns.None)
{
    private const int ShortRest = 12;
    // Where trials teach nothing new they become rare, because each costs a little.
    private const int LongRest = 48;
    // One window is noise: a width is judged by the mean of several, and a wider one must be clearly better.
    private const int WindowsOfTrial = 6;
    private const int WindowsUntilIdle = 6;
    private const double Better = 1.07;
    private const double NotWorse = 0.98;
    private const double OtherLoad = 1.25;

    /// <summary>
    /// Two connections, nothing known: while the server works on one trip, the other's answers are read and the next is gathered.
    /// </summary>
    internal static TripWidth Start { get; } = new(2, 0, -1, false, 0);

    /// <summary>The width to use now.</summary>
    internal int InUse => Trying ? Kept + Direction : Kept;

    /// <summary>What is used after a window.</summary>
    /// <param name="window">What was seen in it.</param>
    /// <param name="most">The largest width possible now, at least 1.</param>
    internal TripWidth After(WidthSample window, int most)
    {
        if (InUse > most)
        {
            return new(Math.Min(Kept, most), 0, -1, false, 0);
        }
        // The first window after a change still holds trips of the width before.
        var next = this with { Windows = Windows + 1, Sum = Windows == 0 ? 0 : Sum + window.Score, Seen = Seen | window.Signs };
        return Trying ? next.AfterTrial() : next.AfterRest(most);
    }

    private TripWidth AfterRest(int most)
    {
        if (!Seen.HasFlag(WidthSigns.Shared))
        {
            // Every statement had a connection for itself: there is more width than work, and spread over all of it no trip will ever be
            // full.
            return Windows < WindowsUntilIdle ? this : new(Math.Max(Math.Min(Start.Kept, Kept), Kept - 1), 0, 1, false, 0);
        }
        if (Windows < Rest)
        {
            return this;
        }
        var mean = Sum / (Windows - 1);
        var changed = mean > Score * OtherLoad || mean * OtherLoad < Score;
        var rested = this with { Score = mean, Windows = 0, Sum = 0, Rest = changed ? ShortRest : Rest, Seen = WidthSigns.None };
        return MayTry(Direction, most) ? rested with { Trying = true }
            : MayTry(-Direction, most) ? rested with { Trying = true, Direction = -Direction }
            : rested;
    }

    // Narrower only when two were in use at once: else it would be the same.
    private bool MayTry(int direction, int most) => direction > 0 ? Kept < most : Kept > 1 && Seen.HasFlag(WidthSigns.Parallel);

    private TripWidth AfterTrial()
    {
        if (Windows < WindowsOfTrial)
        {
            return this;
        }
        var mean = Sum / (Windows - 1);
        return mean > Score * (Direction > 0 ? Better : NotWorse)
            ? new(Kept + Direction, mean, Direction, false, 0)
            : new(Kept, Score, -Direction, false, 0, Rest: Math.Min(LongRest, Rest * 2));
    }
}
