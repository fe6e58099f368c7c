using System.Runtime.InteropServices;

namespace Broker.Client.Protocol.Values;

/// <summary>What a column is: shared by all results of one prepared statement.</summary>
/// <param name="Name">Its name in the select list.</param>
/// <param name="TypeName">PostgreSQL's name of its type, such as `integer`.</param>
/// <param name="TypeOid">The type's OID on the server.</param>
public sealed record ColumnDescription(string Name, string TypeName, uint TypeOid);

/// <summary>The values of one column of a result. Immutable.</summary>
public abstract class Column
{
    private protected Column(ColumnDescription description, int count) => (Description, Count) = (description, count);

    /// <summary>Name and type.</summary>
    public ColumnDescription Description { get; }

    /// <summary>The number of rows.</summary>
    public int Count { get; }

    /// <summary>The .NET type of its values.</summary>
    public abstract Type ElementType { get; }

    /// <summary>Whether the value of this row is NULL.</summary>
    public abstract bool IsNull(int row);

    /// <summary>The value of this row, boxed; null for NULL.</summary>
    public abstract object? GetValue(int row);
}

/// <summary>
/// The values of one column, unboxed. A column of one row is a single object without arrays, because most results have one row.
/// </summary>
public sealed class Column<T> : Column where T : notnull
{
    private readonly T _only;
    private readonly bool _onlyIsNull;
    private readonly T[]? _values;
    private readonly bool[]? _nulls;

    /// <summary>
    /// Takes over the first <paramref name="count"/> values; a true in <paramref name="nulls"/> marks a NULL, no array means none.
    /// The arrays are the column's own from then on.
    /// </summary>
    public Column(ColumnDescription description, T[] values, bool[]? nulls, int count) : base(description, count)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, values.Length);
        (_values, _nulls, _only) = (values, nulls, default!);
    }

    /// <summary>A column of one row.</summary>
    public Column(ColumnDescription description, T value) : base(description, 1) => _only = value;

    private Column(ColumnDescription description) : base(description, 1) => (_only, _onlyIsNull) = (default!, true);

    /// <summary>A column of one row, which is NULL.</summary>
    internal static Column<T> OneNull(ColumnDescription description) => new(description);

    /// <inheritdoc/>
    public override Type ElementType => typeof(T);

    /// <summary>The values of all rows; the type's default for NULL.</summary>
    internal ReadOnlySpan<T> Values => _values is null ? MemoryMarshal.CreateReadOnlySpan(in _only, 1) : _values.AsSpan(0, Count);

    /// <summary>Which rows are NULL; empty when none is.</summary>
    internal ReadOnlySpan<bool> Nulls =>
        _values is null ? MemoryMarshal.CreateReadOnlySpan(in _onlyIsNull, 1) : _nulls.AsSpan(0, _nulls is null ? 0 : Count);

    /// <summary>The value of this row; the type's default for NULL.</summary>
    public T this[int row]
    {
        get
        {
            if ((uint)row >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(row));
            return _values is null ? _only : _values[row];
        }
    }

    /// <inheritdoc/>
    public override bool IsNull(int row)
    {
        if ((uint)row >= (uint)Count)
            throw new ArgumentOutOfRangeException(nameof(row));
        return _values is null ? _onlyIsNull : _nulls is not null && _nulls[row];
    }

    /// <inheritdoc/>
    public override object? GetValue(int row) => IsNull(row) ? null : this[row];
}
