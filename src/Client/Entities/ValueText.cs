using System.Globalization;
using System.Text;

namespace Broker.Client.Entities;

/// <summary>
/// Values as text that PostgreSQL reads, for what cannot be the element of an array: arrays themselves and the bounds of ranges.
/// </summary>
internal static class ValueText
{
    private const string Seconds = "yyyy-MM-dd HH:mm:ss.FFFFFF";

    internal static string Write<T>(T value) => value switch
    {
        bool truth => truth ? "t" : "f",
        float number => Special(number) ?? number.ToString("R", CultureInfo.InvariantCulture),
        double number => Special(number) ?? number.ToString("R", CultureInfo.InvariantCulture),
        DateTime { Kind: DateTimeKind.Unspecified } time => time.ToString(Seconds, CultureInfo.InvariantCulture),
        DateTime { Kind: DateTimeKind.Utc } time => time.ToString(Seconds, CultureInfo.InvariantCulture) + "Z",
        DateTime => throw new UnfitValue("its Kind is Local"),
        DateTimeOffset time => time.UtcDateTime.ToString(Seconds, CultureInfo.InvariantCulture) + "Z",
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        TimeOnly time => time.ToString("HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
        TimeSpan span => string.Create(CultureInfo.InvariantCulture, $"{span.Ticks / TimeSpan.TicksPerMicrosecond} microseconds"),
        byte[] bytes => "\\x" + Convert.ToHexString(bytes),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value!.ToString()!,
    };

    internal static T Read<T>(string text, CultureInfo culture) where T : struct
    {
        object value = typeof(T) == typeof(int) ? (object)int.Parse(text, culture)
            : typeof(T) == typeof(long) ? (object)long.Parse(text, culture)
            : typeof(T) == typeof(decimal) ? (object)decimal.Parse(text, culture)
            : typeof(T) == typeof(double) ? (object)double.Parse(text, culture)
            : typeof(T) == typeof(DateOnly) ? (object)DateOnly.Parse(text, culture)
            : typeof(T) == typeof(TimeOnly) ? (object)TimeOnly.Parse(text, culture)
            : typeof(T) == typeof(DateTimeOffset)
                ? (object)DateTimeOffset.Parse(text, culture, DateTimeStyles.AssumeUniversal).ToUniversalTime()
            // with an offset it is an instant, without one it is not
            : typeof(T) == typeof(DateTime) ? (object)DateTime.Parse(text, culture, DateTimeStyles.AdjustToUniversal)
            : throw new FormatException($"a bound cannot be read as {typeof(T).Name}");
        return (T)value;
    }

    /// <summary>The literal of an array; a null is NULL.</summary>
    internal static string Array<T>(IEnumerable<T> elements, Func<T, string?> write)
    {
        var literal = new StringBuilder("{");
        foreach (var element in elements)
        {
            if (literal.Length > 1)
                literal.Append(',');
            if (write(element) is { } text)
                literal.Append('"').Append(text.Replace("\\", "\\\\", StringComparison.Ordinal)
                    .Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
            else
                literal.Append("NULL");
        }
        return literal.Append('}').ToString();
    }

    private static string? Special(double number) =>
        double.IsPositiveInfinity(number) ? "Infinity" : double.IsNegativeInfinity(number) ? "-Infinity" : null;
}
