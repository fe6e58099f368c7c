using System.Collections;
using System.Collections.Frozen;
using System.Numerics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Reading;

/// <summary>
/// What a column may be read as: as Npgsql, numbers as other numbers that hold the value, times by their several types, texts and bytes
/// as streams. What is not said here is read as what the column has, and as nothing else.
/// </summary>
internal static class FieldReaders
{
    private static readonly FrozenDictionary<Type, Delegate> Known = new Delegate[]
    {
        Number<short>, Number<int>, Number<long>, Number<byte>, Number<sbyte>, Number<float>, Number<double>, Number<decimal>,
        Text, Letter, Letters, Bytes, Moment, MomentWithOffset, Day, TimeOfDay, Span, Json, Document, AsObject,
        (Func<Column, int, Stream>)AsStream, (Func<Column, int, TextReader>)AsReader,
    }.ToFrozenDictionary(static reader => reader.GetType().GetGenericArguments()[^1]);

    private static readonly MethodInfo NullableMethod = Generic((Func<Column, int, int?>)OfNullable<int>);

    private static readonly MethodInfo RangeMethod = Generic((Func<Column, int, ValueRange<int>>)Range<int>);

    /// <summary>The reader of values that are not NULL.</summary>
    internal static Func<Column, int, T> Of<T>() =>
        Known.TryGetValue(typeof(T), out var known) ? (Func<Column, int, T>)known
        : Nullable.GetUnderlyingType(typeof(T)) is { } underlying ? Made<T>(NullableMethod, underlying)
        : typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(ValueRange<>)
            ? Made<T>(RangeMethod, typeof(T).GetGenericArguments()[0])
        : typeof(T).IsArray || (typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(List<>)) ? Elements<T>()
        : Same<T>;

    private static MethodInfo Generic(Delegate one) => one.Method.GetGenericMethodDefinition();

    private static Func<Column, int, T> Made<T>(MethodInfo method, Type argument) =>
        method.MakeGenericMethod(argument).CreateDelegate<Func<Column, int, T>>();

    private static T? OfNullable<T>(Column column, int row) where T : struct => FieldReader<T>.Value(column, row);

    private static T Same<T>(Column column, int row) => column.GetValue(row) is T same ? same : throw Refuse<T>(column);

    private static T Number<T>(Column column, int row) where T : struct, INumber<T> => column switch
    {
        Column<T> same => same[row],
        Column<int> number => T.CreateChecked(number[row]),
        Column<long> number => T.CreateChecked(number[row]),
        Column<short> number => T.CreateChecked(number[row]),
        Column<decimal> number when typeof(T) != typeof(sbyte) && IsNumeric(column) => T.CreateChecked(number[row]),
        Column<double> number when typeof(T) == typeof(float) => T.CreateChecked(number[row]),
        Column<float> number when typeof(T) == typeof(double) => T.CreateChecked(number[row]),
        Column<char> letter when typeof(T) == typeof(byte) => T.CreateChecked(letter[row]),
        _ => throw Refuse<T>(column),
    };

    // The other type that is a decimal here is money.
    private static bool IsNumeric(Column column) => column.Description.TypeName.StartsWith("numeric", StringComparison.Ordinal);

    private static string Text(Column column, int row) => column switch
    {
        Column<string> text => text[row],
        Column<bool> bit when column.Description.TypeName.StartsWith("bit", StringComparison.Ordinal) => bit[row] ? "1" : "0",
        Column<BitArray> bits => string.Concat(bits[row].Cast<bool>().Select(static bit => bit ? '1' : '0')),
        _ => throw Refuse<string>(column),
    };

    private static char Letter(Column column, int row) => column switch
    {
        Column<char> letter => letter[row],
        Column<string> text when text[row] is { Length: > 0 } letters => letters[0],
        _ => throw Refuse<char>(column),
    };

    private static char[] Letters(Column column, int row) =>
        column is Column<string> text ? text[row].ToCharArray() : throw Refuse<char[]>(column);

    private static byte[] Bytes(Column column, int row) => column switch
    {
        Column<byte[]> bytes => bytes[row],
        Column<string> text => Encoding.UTF8.GetBytes(text[row]),
        _ => throw Refuse<byte[]>(column),
    };

    private static DateTime Moment(Column column, int row) => column switch
    {
        Column<DateTime> time => time[row],
        Column<DateOnly> day => day[row].ToDateTime(TimeOnly.MinValue),
        _ => throw Refuse<DateTime>(column),
    };

    private static DateTimeOffset MomentWithOffset(Column column, int row) => column switch
    {
        Column<DateTimeOffset> moment => moment[row],
        Column<DateTime> time when time[row].Kind == DateTimeKind.Utc => time[row],
        _ => throw Refuse<DateTimeOffset>(column),
    };

    private static DateOnly Day(Column column, int row) => column is Column<DateOnly> day ? day[row] : throw Refuse<DateOnly>(column);

    private static TimeOnly TimeOfDay(Column column, int row) =>
        column is Column<TimeOnly> time ? time[row] : throw Refuse<TimeOnly>(column);

    private static TimeSpan Span(Column column, int row) => column switch
    {
        Column<TimeSpan> span => span[row],
        Column<TimeOnly> time => time[row].ToTimeSpan(),
        _ => throw Refuse<TimeSpan>(column),
    };

    private static JsonElement Json(Column column, int row) =>
        IsJson(column) ? JsonElement.Parse(Text(column, row)) : throw Refuse<JsonElement>(column);

    private static JsonDocument Document(Column column, int row) =>
        IsJson(column) ? JsonDocument.Parse(Text(column, row)) : throw Refuse<JsonDocument>(column);

    private static bool IsJson(Column column) => column.Description.TypeName is "json" or "jsonb";

    private static MemoryStream AsStream(Column column, int row) => new MemoryStream(Bytes(column, row), writable: false);

    private static StringReader AsReader(Column column, int row) =>
        column is Column<string> text ? new(text[row]) : throw Refuse<TextReader>(column);

    private static object AsObject(Column column, int row) => column.GetValue(row)!;

    private static ValueRange<T> Range<T>(Column column, int row) where T : struct
    {
        try
        {
            return ValueRange.Parse<T>(Text(column, row));
        }
        catch (FormatException exception)
        {
            throw new InvalidCastException(Refuse<ValueRange<T>>(column).Message, exception);
        }
    }

    private static Func<Column, int, T> Elements<T>()
    {
        var convert = ArrayReading.To<T>();
        return (column, row) => column is not Column<Array> arrays ? Same<T>(column, row)
            : arrays[row] is T same ? same
            : convert(arrays[row], column.Description) ?? throw Refuse<T>(column);
    }

    private static InvalidCastException Refuse<T>(Column column) =>
        new($"Column '{column.Description.Name}' is {column.Description.TypeName} and cannot be read as "
            + $"{ParameterTypes.NameOf(typeof(T))}.");
}
