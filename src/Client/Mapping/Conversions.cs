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
            : wanted.IsAssignableFrom(value.Type) ? Expression.Convert(value, wanted)
            : null;
        return converted is null || wanted == target ? converted : Expression.Convert(converted, target);
    }

    private static JsonElement Parse(string text) => JsonElement.Parse(text);
}
