namespace Broker.Client.Remote.Links;

/// <summary>How long is waited before the broker is tried again.</summary>
internal static class Pauses
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The first attempt goes soon, each later one after twice the time, up to 2 s; a random half of it is left out, so that clients do not
    /// come all at once.
    /// </summary>
    /// <param name="attempts">How many failed before.</param>
    /// <param name="random">Between 0 and 1.</param>
    internal static TimeSpan Before(int attempts, double random)
    {
        var full = Least * Math.Pow(2, Math.Min(attempts, 10));
        return (full < Most ? full : Most) * (0.5 + (random / 2));
    }
}
