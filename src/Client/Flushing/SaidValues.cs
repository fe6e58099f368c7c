using System.Globalization;
using System.Text.Json;
using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>Whether a value is the one that the server says in the text of a failure.</summary>
internal static class SaidValues
{
    /// <summary>Whether the server's `1, x` are the values of some columns. A text may hold what stands between two values.</summary>
    internal static bool Mean(ReadOnlySpan<EntityColumn> columns, object entity, string said)
    {
        var value = columns[0].Sent(entity);
        if (columns.Length == 1)
            return Means(columns[0], value, said);
        for (var at = said.IndexOf(", ", StringComparison.Ordinal); at >= 0; at = said.IndexOf(", ", at + 1, StringComparison.Ordinal))
            if (Means(columns[0], value, said[..at]) && Mean(columns[1..], entity, said[(at + 2)..]))
                return true;
        return false;
    }

    /// <summary>Whether a text is to be JSON, and is none that its column takes.</summary>
    internal static bool IsNoJson(EntityColumn column, object entity)
    {
        if (column.Facts.BaseType is not ("json" or "jsonb") || column.Sent(entity) is not string text)
            return false;
        try
        {
            using var document = JsonDocument.Parse(text);
            return column.Facts.BaseType == "jsonb" && text.Contains("\\u0000", StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static bool Means(EntityColumn column, object? value, string said) => value switch
    {
        decimal number => decimal.TryParse(said, NumberStyles.Float, CultureInfo.InvariantCulture, out var one) && one == number,
        double number => double.TryParse(said, NumberStyles.Float, CultureInfo.InvariantCulture, out var one) && one.Equals(number),
        float number => float.TryParse(said, NumberStyles.Float, CultureInfo.InvariantCulture, out var one) && one.Equals(number),
        DateTime { Kind: DateTimeKind.Utc } time =>
            DateTimeOffset.TryParse(said, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var one)
                && IsSame(one.UtcTicks, time.Ticks),
        DateTime time => DateTime.TryParse(said, CultureInfo.InvariantCulture, out var one) && IsSame(one.Ticks, time.Ticks),
        TimeOnly time => TimeOnly.TryParse(said, CultureInfo.InvariantCulture, out var one) && IsSame(one.Ticks, time.Ticks),
        byte[] bytes => said == "\\x" + Convert.ToHexStringLower(bytes),
        string text when column.Facts.BaseType == "bpchar" => said.TrimEnd(' ') == text.TrimEnd(' '),
        _ => Shown.Value(value) == said,
    };

    // The server keeps microseconds.
    private static bool IsSame(long said, long sent) => Math.Abs(said - sent) < TimeSpan.TicksPerMicrosecond;
}
