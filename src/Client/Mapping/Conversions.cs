using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using Broker.Client.Parameters;
using Broker.Client.Sending;

namespace Broker.Client.Mapping;

/// <summary>
/// Which .NET type a column may be read as: its own, a wider number that holds every value, or what is the same by another name.
/// </summary>
internal static class Conversions
{
    private static readonly HashSet<(Type From, Type To)> Widening =
    [
        (typeof(short), typeof(int)), (typeof(short), typeof(long)), (typeof(short), typeof(float)), (typeof(short), typeof(double)),
        (typeof(short), typeof(decimal)),
        (typeof(int), typeof(long)), (typeof(int), typeof(double)), (typeof(int), typeof(decimal)),
        (typeof(long), typeof(decimal)),
        (typeof(float), typeof(double)),
        (typeof(uint), typeof(long)),
    ];

    private static readonly MethodInfo ParseMethod = ((Func<string, JsonElement>)Parse).Method;

    private static readonly MethodInfo LetterMethod = ((Func<string, string, char>)ToLetter).Method;

    private static readonly MethodInfo JsonMethod = ((Func<string, string, object>)FromJson<object>).Method.GetGenericMethodDefinition();

    private static readonly MethodInfo RangeMethod =
        ((Func<string, string, ValueRange<int>>)ToRange<int>).Method.GetGenericMethodDefinition();

    private static readonly MethodInfo ListMethod = ((Func<Array, string, List<int>>)ToList<int>).Method.GetGenericMethodDefinition();

    private static readonly MethodInfo ArrayMethod = ((Func<Array, string, Array>)ToArray<Array>).Method.GetGenericMethodDefinition();

    /// <summary>Whether a type can be read from one column. A class that json may hold is not meant: it takes several columns.</summary>
    internal static bool CanRead(ShapeColumn column, Type target) =>
        TryConvert(Expression.Default(column.ElementType), column, target, ofJson: false) is not null;

    internal static Expression Convert(Expression value, ShapeColumn column, Type target) => TryConvert(value, column, target, ofJson: true)
        ?? throw Answers.Mismatch(
            $"{column} is {ParameterTypes.NameOf(column.ElementType)} and cannot be read as {ParameterTypes.NameOf(target)}");

    private static Expression? TryConvert(Expression value, ShapeColumn column, Type target, bool ofJson)
    {
        var wanted = Nullable.GetUnderlyingType(target) ?? target;
        var converted = value.Type == wanted ? value
            : Widening.Contains((value.Type, wanted)) ? Expression.Convert(value, wanted)
            : value.Type == typeof(DateTime)
                && wanted == typeof(DateTimeOffset)
                && column.Description.TypeName.Contains("with time zone", StringComparison.Ordinal)
                ? Expression.Convert(value, wanted)
            : value.Type == typeof(Array) ? OfArray(value, wanted, column.ToString())
            : wanted.IsEnum ? Enums.Read(value, wanted, column.ToString())
            : value.Type == typeof(string) ? OfText(value, wanted, column, ofJson)
            : null;
        converted ??= wanted.IsAssignableFrom(value.Type) ? Expression.Convert(value, wanted) : null;
        return converted is null || wanted == target ? converted : Expression.Convert(converted, target);
    }

    private static MethodCallExpression? OfText(Expression value, Type wanted, ShapeColumn column, bool ofJson)
    {
        var isJson = column.Description.TypeName is "json" or "jsonb";
        return wanted == typeof(JsonElement) && isJson ? Expression.Call(ParseMethod, value)
            : wanted == typeof(char) ? Expression.Call(LetterMethod, value, Expression.Constant(column.ToString()))
            : wanted.IsGenericType && wanted.GetGenericTypeDefinition() == typeof(ValueRange<>)
                ? Expression.Call(RangeMethod.MakeGenericMethod(wanted.GetGenericArguments()), value,
                    Expression.Constant(column.ToString()))
            : ofJson && isJson && wanted != typeof(object) && wanted != typeof(string)
                ? Expression.Call(JsonMethod.MakeGenericMethod(wanted), value, Expression.Constant(column.ToString()))
            : null;
    }

    private static MethodCallExpression? OfArray(Expression value, Type wanted, string column) =>
        wanted.IsArray ? Expression.Call(ArrayMethod.MakeGenericMethod(wanted), value, Expression.Constant(column))
        : wanted.IsGenericType && wanted.GetGenericTypeDefinition() == typeof(List<>)
            ? Expression.Call(ListMethod.MakeGenericMethod(wanted.GetGenericArguments()), value, Expression.Constant(column))
        : null;

    /// <summary>
    /// An array as one of another type: elements that may be NULL from those of which none is, and those that may not from those of which
    /// none was.
    /// </summary>
    private static T ToArray<T>(Array value, string column) where T : class
    {
        if (value is T same)
            return same;
        var (has, wanted) = (value.GetType().GetElementType()!, typeof(T).GetElementType()!);
        var change = ElementChange((Nullable.GetUnderlyingType(has) ?? has), Nullable.GetUnderlyingType(wanted) ?? wanted, column);
        if (change is null || value.Rank != typeof(T).GetArrayRank())
            throw Answers.Mismatch(
                $"{column} is {ParameterTypes.NameOf(value.GetType())} and cannot be read as {ParameterTypes.NameOf(typeof(T))}");
        var copy = Array.CreateInstanceFromArrayType(typeof(T), [.. Enumerable.Range(0, value.Rank).Select(value.GetLength)]);
        var place = new int[value.Rank];
        foreach (var element in value)
        {
            if (element is null && wanted.IsValueType && Nullable.GetUnderlyingType(wanted) is null)
                throw Answers.Mismatch($"{column} has a NULL among its elements and cannot be read as {ParameterTypes.NameOf(typeof(T))}");
            copy.SetValue(element is null ? null : change(element), place);
            for (var dimension = value.Rank - 1; dimension >= 0 && ++place[dimension] == value.GetLength(dimension); dimension--)
                place[dimension] = 0;
        }
        return (T)(object)copy;
    }

    private static List<T> ToList<T>(Array value, string column) => [.. ToArray<T[]>(value, column)];

    /// <summary>How an element becomes one of another type; null when it cannot.</summary>
    private static Func<object, object>? ElementChange(Type has, Type wanted, string column) => has == wanted ? static element => element
        : wanted.IsEnum ? Enums.Changer(wanted, column)
        : has == typeof(DateTime) && wanted == typeof(DateTimeOffset) ? static element => new DateTimeOffset((DateTime)element)
        : Widening.Contains((has, wanted)) ? element => System.Convert.ChangeType(element, wanted, CultureInfo.InvariantCulture)
        : null;

    private static ValueRange<T> ToRange<T>(string text, string column) where T : struct
    {
        try
        {
            return ValueRange.Parse<T>(text);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw Answers.Mismatch($"{column} is {text}, which is no {ParameterTypes.NameOf(typeof(ValueRange<T>))}");
        }
    }

    private static T FromJson<T>(string text, string column)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text)
                ?? throw Answers.Mismatch($"{column} holds the JSON null, which is no {ParameterTypes.NameOf(typeof(T))}");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw Answers.Mismatch($"{column} is no {ParameterTypes.NameOf(typeof(T))}: {exception.Message}");
        }
    }

    private static char ToLetter(string text, string column) =>
        text.Length == 1 ? text[0] : throw Answers.Mismatch($"{column} holds {text.Length} characters and cannot be read as Char");

    private static JsonElement Parse(string text) => JsonElement.Parse(text);
}
