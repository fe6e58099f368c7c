namespace Broker.Client.Entities;

/// <summary>Some of an entity's columns, by their index. An entity has at most <see cref="Limit"/>.</summary>
internal readonly record struct ColumnSet(UInt128 Bits)
{
    internal const int Limit = 128;

    internal static ColumnSet None => default;

    internal bool IsEmpty => Bits == UInt128.Zero;

    internal int Count => (int)UInt128.PopCount(Bits);

    internal bool Contains(int index) => (Bits >> index & UInt128.One) != UInt128.Zero;

    internal ColumnSet With(int index) => new(Bits | UInt128.One << index);

    internal ColumnSet And(ColumnSet other) => new(Bits & other.Bits);

    internal ColumnSet Or(ColumnSet other) => new(Bits | other.Bits);

    internal ColumnSet Except(ColumnSet other) => new(Bits & ~other.Bits);

    internal bool Overlaps(ColumnSet other) => (Bits & other.Bits) != UInt128.Zero;

    /// <summary>The columns of the set, in order.</summary>
    internal EntityColumn[] Of(EntityMap map)
    {
        var columns = new EntityColumn[Count];
        var (at, bits) = (0, Bits);
        while (bits != UInt128.Zero)
        {
            columns[at++] = map.Columns[(int)UInt128.TrailingZeroCount(bits)];
            bits &= bits - UInt128.One;
        }
        return columns;
    }

    internal static ColumnSet Of(IEnumerable<EntityColumn> columns) => columns.Aggregate(None, (set, column) => set.With(column.Index));
}
