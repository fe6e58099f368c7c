using Broker.Configuration;
using Broker.Errands;

namespace Broker.Gateway.Errands;

/// <summary>
/// How a text that was too slow for company finds its way back. What clients run on links of their own is not measured, so a text that goes
/// alone is tried again in a trip: one errand of it, so seldom that a slow one has the lane for a hundredth of the time at the most, and
/// once a `packing.probe` at least. So one slow moment of the machine does not keep a fast text alone for ever. Pure.
/// </summary>
internal static class Probing
{
    private const int Rarity = 100;
    private const double Nothing = 1;

    /// <summary>What is believed of a text behind a trip that it was in.</summary>
    /// <param name="before">What was believed.</param>
    /// <param name="members">How many travelled.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="overhead">What of that was for nothing.</param>
    /// <param name="packing">The pool's.</param>
    /// <param name="time">The clock.</param>
    internal static TextEstimate After(TextEstimate before, int members, TimeSpan elapsed, TripOverhead overhead, PackingSettings packing,
        TimeProvider time)
    {
        // what a trip of one took went for nothing, as far as was known: that says nothing about the text
        var known = before.MicrosecondsEach > Nothing ? before : before with { MicrosecondsEach = 0 };
        var after = known.After(members, overhead.Work(elapsed), packing.Target, packing.MaxFill);
        if (after.AloneUntil == long.MaxValue)
        {
            // its answers are too long, however fast it is
            return after;
        }
        return after.Shares ? after with { AloneUntil = 0 } : after.AloneFor(Next(packing, elapsed * Rarity, time));
    }

    /// <summary>Whether a text may travel now. One that goes alone and is due may, and the next when it is due again.</summary>
    internal static bool MayTravel(SharedEstimate text, PackingSettings packing, TimeProvider time)
    {
        if (text.Value.MayShare)
        {
            return true;
        }
        if (text.Value.AloneUntil > time.GetTimestamp())
        {
            return false;
        }
        text.Value = text.Value.AloneFor(Next(packing, TimeSpan.MaxValue, time));
        return true;
    }

    /// <summary>A text that was too slow for company: it is tried again when a `packing.probe` is over.</summary>
    internal static TextEstimate Alone(TextEstimate text, PackingSettings packing, TimeProvider time) =>
        text.AloneFor(Next(packing, TimeSpan.MaxValue, time));

    private static long Next(PackingSettings packing, TimeSpan wait, TimeProvider time) => packing.Probe is { } most
        ? time.GetTimestamp() + (long)((wait < most ? wait : most).TotalSeconds * time.TimestampFrequency)
        : long.MaxValue;
}
