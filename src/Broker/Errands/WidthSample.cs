namespace Broker.Errands;

/// <summary>What trips of fast statements did in a window of time.</summary>
/// <param name="Score">How well the width served: larger is better; 0 when nothing was completed.</param>
/// <param name="Signs">What else was seen.</param>
internal readonly record struct WidthSample(double Score, WidthSigns Signs)
{
    /// <summary>
    /// The root of throughput over mean time in the broker. For callers who wait for their answers before they ask again it rises and falls
    /// with the throughput; for those who come at their own pace, where throughput says nothing, with the root of their answers' speed.
    /// </summary>
    /// <param name="completed">How many statements were completed.</param>
    /// <param name="seconds">How long the window was.</param>
    /// <param name="inBroker">The sum over those statements of the seconds from their arrival to the end of their trip.</param>
    internal static double ScoreOf(long completed, double seconds, double inBroker) =>
        completed == 0 || inBroker <= 0 ? 0 : completed / Math.Sqrt(seconds * inBroker);
}

/// <summary>Whether another width could make a difference.</summary>
[Flags]
internal enum WidthSigns
{
    /// <summary>Each statement had a connection for itself, one at a time.</summary>
    None = 0,

    /// <summary>Statements shared a trip, or waited although all of the width was in use.</summary>
    Shared = 1,

    /// <summary>Trips were under way at the same time.</summary>
    Parallel = 2,
}
