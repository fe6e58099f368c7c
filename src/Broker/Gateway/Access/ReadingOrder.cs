namespace Broker.Gateway.Access;

/// <summary>
/// Readings of the same files, of which several may be under way and end in another order than they began: what began earlier than what
/// holds is out of date.
/// </summary>
internal sealed record ReadingOrder
{
    internal static readonly ReadingOrder None = new();

    private long Begun { get; init; }

    private long Holding { get; init; }

    /// <summary>A reading begins, and has this number.</summary>
    internal (ReadingOrder Next, long Number) Begin() => (this with { Begun = Begun + 1 }, Begun + 1);

    /// <summary>A reading has ended; null when one that began later holds already.</summary>
    internal ReadingOrder? Take(long number) => number > Holding ? this with { Holding = number } : null;
}
