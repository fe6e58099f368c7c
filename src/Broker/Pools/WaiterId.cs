namespace Broker.Pools;

/// <summary>Names one request for a lease within its pool; higher came later, so the waiting line is simply in the order of ids.</summary>
/// <param name="Number">Counts from 1 in the order in which the pool's actor heard the requests.</param>
internal readonly record struct WaiterId(long Number) : IComparable<WaiterId>
{
    /// <inheritdoc/>
    public int CompareTo(WaiterId other) => Number.CompareTo(other.Number);

    /// <summary>`w{n}`.</summary>
    public override string ToString() => $"w{Number}";
}
