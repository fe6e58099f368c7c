using System.Collections.Concurrent;
using System.Reflection;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Reading;

/// <summary>
/// Reads an array as one of other elements, or as a list: each element by the rules of a column of its type. NULL among them needs
/// elements that can be null.
/// </summary>
internal static class ArrayReading
{
    private static readonly MethodInfo ArrayMethod =
        ((Func<Array, ColumnDescription, Array?>)ToArray<Array, object>).Method.GetGenericMethodDefinition();

    private static readonly MethodInfo ListMethod =
        ((Func<Array, ColumnDescription, List<object>?>)ToList<object>).Method.GetGenericMethodDefinition();

    private static readonly MethodInfo ColumnMethod =
        ((Func<ColumnDescription, object, Column>)ColumnOf<object>).Method.GetGenericMethodDefinition();

    private static readonly ConcurrentDictionary<Type, Func<ColumnDescription, object, Column>> Columns = new();

    /// <summary>How an array becomes a <typeparamref name="T"/>, which is an array or a list; null when it has other dimensions.</summary>
    internal static Func<Array, ColumnDescription, T?> To<T>() =>
        (typeof(T).IsArray
            ? ArrayMethod.MakeGenericMethod(typeof(T), typeof(T).GetElementType()!)
            : ListMethod.MakeGenericMethod(typeof(T).GetGenericArguments()))
            .CreateDelegate<Func<Array, ColumnDescription, T?>>();

    private static T? ToArray<T, TElement>(Array from, ColumnDescription array) where T : class
    {
        if (from.Rank != typeof(T).GetArrayRank())
            return null;
        var name = array.TypeName.EndsWith("[]", StringComparison.Ordinal) ? array.TypeName[..^2] : array.TypeName;
        var element = array with { TypeName = name };
        var copy = Array.CreateInstanceFromArrayType(typeof(T), [.. Enumerable.Range(0, from.Rank).Select(from.GetLength)]);
        var place = new int[from.Rank];
        foreach (var value in from)
        {
            copy.SetValue(Element<TElement>(value, element), place);
            for (var dimension = from.Rank - 1; dimension >= 0 && ++place[dimension] == from.GetLength(dimension); dimension--)
                place[dimension] = 0;
        }

        return (T)(object)copy;
    }

    private static List<TElement>? ToList<TElement>(Array from, ColumnDescription array) =>
        ToArray<TElement[], TElement>(from, array) is { } elements ? [.. elements] : null;

    private static TElement? Element<TElement>(object? value, ColumnDescription description) =>
        value is not null ? FieldReader<TElement>.Value(Columns.GetOrAdd(value.GetType(), static type =>
            ColumnMethod.MakeGenericMethod(type).CreateDelegate<Func<ColumnDescription, object, Column>>())(description, value), 0)
        : default(TElement) is null ? default
        : throw new InvalidCastException(
            $"Column '{description.Name}' has a NULL among its elements, so it can only be read as elements that can be null.");

    private static Column<T> ColumnOf<T>(ColumnDescription description, object value) where T : notnull => new(description, (T)value);
}
