using System.Collections.Immutable;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Mapping;

/// <summary>What decides how rows are read: the names and .NET types of their columns, in order. Equality is by content.</summary>
internal sealed class RowShape : IEquatable<RowShape>
{
    private RowShape(ImmutableArray<ShapeColumn> columns) => Columns = columns;

    internal ImmutableArray<ShapeColumn> Columns { get; }

    internal static RowShape Of(ImmutableArray<Column> columns) =>
        new([.. columns.Select(column => new ShapeColumn(column.Description, column.ElementType))]);

    /// <summary>Whether these columns have this shape; cheap when they come from the same prepared statement.</summary>
    internal bool Fits(ImmutableArray<Column> columns)
    {
        if (columns.Length != Columns.Length)
            return false;
        for (var i = 0; i < columns.Length; i++)
            if (!Columns[i].Fits(columns[i]))
                return false;
        return true;
    }

    public bool Equals(RowShape? other) => other is not null && Columns.AsSpan().SequenceEqual(other.Columns.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as RowShape);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var column in Columns)
            hash.Add(column);
        return hash.ToHashCode();
    }
}

/// <summary>One column of a shape.</summary>
internal readonly record struct ShapeColumn(ColumnDescription Description, Type ElementType)
{
    internal string Name => Description.Name;

    internal bool Fits(Column column) =>
        column.ElementType == ElementType && (ReferenceEquals(column.Description, Description) || column.Description == Description);

    /// <summary>How a mismatch names it.</summary>
    public override string ToString() => $"column \"{Description.Name}\" ({Description.TypeName})";
}
