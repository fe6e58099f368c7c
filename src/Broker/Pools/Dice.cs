namespace Broker.Pools;

/// <summary>Chance as a value (SplitMix64), so that a decision with jitter in it is still a function of its arguments.</summary>
/// <param name="Seed">Where the sequence stands.</param>
internal readonly record struct Dice(ulong Seed)
{
    /// <summary>The next number, at least 0 and below 1.</summary>
    internal double Roll(out Dice next)
    {
        next = new Dice(unchecked(Seed + 0x9E3779B97F4A7C15));
        var z = next.Seed;
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        z ^= z >> 31;
        return (z >> 11) * (1.0 / (1UL << 53));
    }
}
