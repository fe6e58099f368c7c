using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Broker.Client.Parameters;
using Broker.Client.Sending;

namespace Broker.Client.Mapping;

/// <summary>Tuples take the columns in order, as many as they have elements; the names of the elements are not known at run time.</summary>
internal static class ValueTuples
{
    /// <summary>A tuple of more than seven elements holds the others in a tuple of its own, in this place.</summary>
    private const int Rest = 7;

    internal static bool IsTuple(Type type) => type is { IsValueType: true, IsGenericType: true } && typeof(ITuple).IsAssignableFrom(type);

    internal static Expression Read(Type tuple, RowSource row)
    {
        var elements = Count(tuple);
        return row.Shape.Columns.Length == elements
            ? Read(tuple, row, 0)
            : throw Answers.Mismatch(
                $"{ParameterTypes.NameOf(tuple)} is read from {elements} columns, the statement answered {row.Shape.Columns.Length}");
    }

    private static int Count(Type tuple)
    {
        var types = tuple.GetGenericArguments();
        return types.Length > Rest ? Rest + Count(types[Rest]) : types.Length;
    }

    private static NewExpression Read(Type tuple, RowSource row, int first)
    {
        var types = tuple.GetGenericArguments();
        var values = types.Select((type, i) => i < Rest
            ? row.Read(first + i, type, mayBeNull: !type.IsValueType)
            : Read(type, row, first + Rest));
        return Expression.New(tuple.GetConstructor(types)!, values);
    }
}
