using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using Broker.Client.Parameters;
using Broker.Client.Sending;

namespace Broker.Client.Mapping;

/// <summary>Which .NET type a column may be read as: its own, a wider number that holds every value, or what is the same by another name.</summary>
internal static class Conversions
{
    private static readonly HashSet<(Type From, Type To)> Widening =
    [
        (typeof(short), typeof(int)), (typeof(short), typeof(long)), (typeof(short), typeof(float)), (typeof(short), typeof(double)), (typeof(short), typeof(decimal)),
        (typeof(int), typeof(long)), (typeof(int), typeof(double)), (typeof(int), typeof(decimal)),
        (typeof(long), typeof(decimal)),
        (typeof(float), typeof(double)),
    ];

    private static readonly MethodInfo ParseMethod = ((Func<string, JsonElement>)Parse).Method;

    private static readonly MethodInfo ArrayMethod = ((Func<Array, string, Array>)ToArray<Array>).Method.GetGenericMethodDefinition();

    internal static bool CanRead(ShapeColumn column, Type target) => TryConvert(Expression.Default(column.ElementType), column, target) is not null;

    internal static Expression Convert(Expression value, ShapeColumn column, Type target) => TryConvert(value, column, target)
        ?? throw Answers.Mismatch($"{column} is {ParameterTypes.NameOf(column.ElementType)} and cannot be read as {ParameterTypes.NameOf(target)}");

    private static Expression? TryConvert(Expression value, ShapeColumn column, Type target)
    {
        var wanted = Nullable.GetUnderlyingType(target) ?? target;
        var converted = value.Type == wanted ? value
            : Widening.Contains((value.Type, wanted)) ? Expression.Convert(value, wanted)
            : value.Type == typeof(DateTime) && wanted == typeof(DateTimeOffset) && column.Description.TypeName.Contains("with time zone", StringComparison.Ordinal)
                ? Expression.Convert(value, wanted)
            : value.Type == typeof(string) && wanted == typeof(JsonElement) && column.Description.TypeName is "json" or "jsonb" ? Expression.Call(ParseMethod, value)
            : value.Type == typeof(Array) && wanted.IsArray ? Expression.Call(ArrayMethod.MakeGenericMethod(wanted), value, Expression.Constant(column.ToString()))
            : wanted.IsAssignableFrom(value.Type) ? Expression.Convert(value, wanted)
            : null;
        return converted is null || wanted == target ? converted : Expression.Convert(converted, target);
    }

    /// <summary>An array as one of another type: elements that may be NULL from those of which none is, and those that may not from those of which none was.</summary>
    private static T ToArray<T>(Array value, string column) where T : class
    {
        if (value is T same)
            return same;
        var (has, wanted) = (value.GetType().GetElementType()!, typeof(T).GetElementType()!);
        if ((Nullable.GetUnderlyingType(has) ?? has) != (Nullable.GetUnderlyingType(wanted) ?? wanted) || value.Rank != typeof(T).GetArrayRank())
            throw Answers.Mismatch($"{column} is {ParameterTypes.NameOf(value.GetType())} and cannot be read as {ParameterTypes.NameOf(typeof(T))}");
        var copy = Array.CreateInstanceFromArrayType(typeof(T), [.. Enumerable.Range(0, value.Rank).Select(value.GetLength)]);
        var place = new int[value.Rank];
        foreach (var element in value)
        {
            if (element is null && wanted.IsValueType && Nullable.GetUnderlyingType(wanted) is null)
                throw Answers.Mismatch($"{column} has a NULL among its elements and cannot be read as {ParameterTypes.NameOf(typeof(T))}");
            copy.SetValue(element, place);
            for (var dimension = value.Rank - 1; dimension >= 0 && ++place[dimension] == value.GetLength(dimension); dimension--)
                place[dimension] = 0;
        }
        return (T)(object)copy;
    }

    private static JsonElement Parse(string text) => JsonElement.Parse(text);
}
