using System.Collections.Concurrent;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Mapping;

/// <summary>Reads one row.</summary>
internal delegate T ReadRow<out T>(RowSet rows, int row);

/// <summary>
/// Reads rows as values of <typeparamref name="T"/>: compiled once for each shape of columns (names and .NET types), found again by
/// comparing, not by hashing, as long as a type is read from one shape only.
/// </summary>
internal static class RowMapper<T>
{
    private static readonly ConcurrentDictionary<RowShape, Compiled> All = new();
    private static Compiled? _last;

    /// <summary>The reader for rows of this shape. Columns that do not fit the type are a <c>ResultMismatch</c>.</summary>
    internal static ReadRow<T> For(RowSet rows)
    {
        if (_last is { } last && last.Shape.Fits(rows.Columns))
            return last.Read;
        var compiled = All.GetOrAdd(RowShape.Of(rows.Columns), static shape => new(shape, RowCompiler.Compile<T>(shape)));
        _last = compiled;
        return compiled.Read;
    }

    private sealed record Compiled(RowShape Shape, ReadRow<T> Read);
}
