namespace Broker.Budgets;

/// <summary>Names one asking actor (a pool, or a loop's share of it) within a budget.</summary>
/// <param name="Number">Counts from 1 in the order in which they first asked.</param>
internal readonly record struct HolderId(long Number) : IComparable<HolderId>
{
    /// <inheritdoc/>
    public int CompareTo(HolderId other) => Number.CompareTo(other.Number);

    /// <summary>`h{n}`.</summary>
    public override string ToString() => $"h{Number}";
}
