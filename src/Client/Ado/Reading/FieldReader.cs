using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Reading;

/// <summary>Reads values of columns as <typeparamref name="T"/>, without a box where the column has none.</summary>
internal static class FieldReader<T>
{
    private static readonly Func<Column, int, T> Read = FieldReaders.Of<T>();

    /// <summary>The value of a row.</summary>
    /// <exception cref="InvalidCastException">It is NULL and the type has none, or the column cannot be read as this type.</exception>
    /// <exception cref="OverflowException">It is a number that the type cannot hold.</exception>
    internal static T Value(Column column, int row) => column.IsNull(row) ? Null(column) : Read(column, row);

    private static T Null(Column column) =>
        typeof(T) == typeof(object) ? (T)(object)DBNull.Value
        : default(T) is null && typeof(T).IsValueType ? default!
        : throw new InvalidCastException($"Column '{column.Description.Name}' is null.");
}
