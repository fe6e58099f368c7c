using System.Collections.Immutable;

namespace Broker.Client.Protocol.Values;

/// <summary>Rows as typed columns: one array per column, no box per value. Immutable.</summary>
/// <param name="Columns">The columns in the order of the select list; all have <paramref name="Count"/> values.</param>
/// <param name="Count">The number of rows.</param>
public sealed record RowSet(ImmutableArray<Column> Columns, int Count)
{
    /// <summary>No columns, no rows.</summary>
    public static RowSet Empty { get; } = new([], 0);
}
