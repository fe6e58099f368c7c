namespace Broker.Errands;

/// <summary>
/// Whether a trip waits for callers who were answered a moment ago. Those of a trip come back one by one, a few microseconds apart, and
/// most of them with another errand: the first would leave alone, and all others would wait for its return. So for as long as they keep
/// coming, the next trip is held; when they turn out not to come back, it is not. Pure.
/// </summary>
/// <param name="Expected">How many were answered and may come back.</param>
/// <param name="Last">When the last of them came, or they were answered, as a TimeProvider timestamp.</param>
/// <param name="Returning">Which part of the expected came back lately, 0 to 1.</param>
/// <param name="Skipped">Trips not waited for since the last that was.</param>
/// <param name="Turns">How often it was held since the last of them came.</param>
internal readonly record struct Gathering(int Expected, long Last, double Returning, int Skipped, int Turns = 0)
{
    // Far more than there are in the patience of a caller: it bounds the wait where a clock stands still.
    private const int MostTurns = 1000;

    // Below this part, waiting costs more than it brings; now and then it is tried again all the same.
    private const double WorthWaiting = 0.4;
    private const int TriedAgainAfter = 63;
    private const double Weight = 0.2;

    /// <summary>Nobody is expected.</summary>
    internal static Gathering Start { get; } = new(0, 0, 1, 0);

    /// <summary>Whether callers come back: then work that waits a little is work that travels together.</summary>
    internal bool TheyReturn => Returning >= WorthWaiting;

    /// <summary>A trip is over and its members are answered.</summary>
    internal Gathering TripEnded(int members, long now) =>
        members < 2 ? this
        : TheyReturn || Skipped >= TriedAgainAfter ? this with { Expected = members, Last = now, Skipped = 0, Turns = 0 }
        : this with { Skipped = Skipped + 1 };

    /// <summary>An errand came.</summary>
    internal Gathering ErrandCame(long now) => Expected == 0 ? this : this with { Last = now, Turns = 0 };

    /// <summary>Whether the next trip is held for more to come.</summary>
    /// <param name="waiting">How many wait for it.</param>
    /// <param name="now">The present moment, as a TimeProvider timestamp.</param>
    /// <param name="patience">How long after the last the next may come, in the same units.</param>
    internal bool Holds(int waiting, long now, long patience) => waiting < Expected && now - Last <= patience && Turns < MostTurns;

    /// <summary>The next trip was held; it is asked for again.</summary>
    internal Gathering Held() => this with { Turns = Turns + 1 };

    /// <summary>The wait is over, however it ended.</summary>
    /// <param name="waiting">How many wait for the next trip.</param>
    internal Gathering Settled(int waiting) => Expected == 0 ? this
        : this with { Expected = 0, Returning = (Returning * (1 - Weight)) + (Math.Min(1.0, (double)waiting / Expected) * Weight) };
}
