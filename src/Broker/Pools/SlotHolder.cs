namespace Broker.Pools;

/// <summary>Names, within its pool, an actor that opens links in slots of the pool.</summary>
/// <param name="Number">Counts from 1.</param>
internal readonly record struct SlotHolder(long Number) : IComparable<SlotHolder>
{
    /// <inheritdoc/>
    public int CompareTo(SlotHolder other) => Number.CompareTo(other.Number);
}

/// <summary>What a holder has, and what it was told last.</summary>
/// <param name="Count">How many slots it has, at least 1.</param>
/// <param name="Told">How many of them others need, as far as it knows.</param>
internal readonly record struct HeldSlots(int Count, SlotWish Told);

/// <summary>How many slots others need, and since when the oldest of them waits.</summary>
/// <param name="Count">How many; each slot that is given back counts it down.</param>
/// <param name="Since">Below all moments: they go before everybody. Above all: everybody goes before them.</param>
internal readonly record struct SlotWish(int Count, TimeSpan Since)
{
    // While many wait, the oldest of them is another all the time. Who is told so late gives way for a moment too long.
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);

    internal static SlotWish None => default;

    internal static TimeSpan BeforeAll => TimeSpan.MinValue;

    internal static TimeSpan AfterAll => Moment.Never;

    /// <summary>One slot has been given back.</summary>
    internal SlotWish CountedDown => Count <= 1 ? None : this with { Count = Count - 1 };

    /// <summary>Whether who has been told this need not be told the other.</summary>
    internal bool SaysEnoughOf(SlotWish other) => Count == other.Count && (Count == 0 || Since == other.Since || IsCloseTo(other.Since));

    private bool IsCloseTo(TimeSpan since) => IsMoment(Since) && IsMoment(since) && (Since - since).Duration() < Grain;

    private static bool IsMoment(TimeSpan since) => since != BeforeAll && since != AfterAll;
}
