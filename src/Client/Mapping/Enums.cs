using System.Linq.Expressions;
using System.Reflection;
using Broker.Client.Entities;
using Broker.Client.Parameters;
using Broker.Client.Sending;

namespace Broker.Client.Mapping;

/// <summary>Reads enums: by name from text and from the server's enums, by number from whole numbers.</summary>
internal static class Enums
{
    private static readonly MethodInfo NumberMethod =
        ((Func<long, string, DayOfWeek>)OfNumber<DayOfWeek>).Method.GetGenericMethodDefinition();

    internal static Expression? Read(Expression value, Type wanted, string column) =>
        value.Type == typeof(string) ? Expression.Call(NameReader(wanted), value, Expression.Constant(column))
        : value.Type == typeof(short) || value.Type == typeof(int) || value.Type == typeof(long)
            ? Expression.Call(NumberMethod.MakeGenericMethod(wanted), Expression.Convert(value, typeof(long)), Expression.Constant(column))
        : null;

    /// <summary>Reads names that are elements of an array.</summary>
    internal static Func<object, object> Changer(Type wanted, string column)
    {
        var read = NameReader(wanted);
        return element => read.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [element, column], null)!;
    }

    private static MethodInfo NameReader(Type wanted) =>
        typeof(EnumNames<>).MakeGenericType(wanted).GetMethod(nameof(EnumNames<>.Read), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static TEnum OfNumber<TEnum>(long number, string column) where TEnum : struct, Enum
    {
        var value = (TEnum)Enum.ToObject(typeof(TEnum), number);
        return Convert.ToInt64(value, null) == number ? value
            : throw Answers.Mismatch($"{column} is {number}, which {ParameterTypes.NameOf(typeof(TEnum))} cannot hold");
    }
}
