using System.Globalization;
using Broker.Client.Entities;

namespace Broker.Client;

/// <summary>
/// A range of values, as PostgreSQL's range types have it. Equality is by what was given: PostgreSQL itself writes ranges of whole numbers
/// and days as `[a,b)`. The default value is the empty range.
/// </summary>
/// <typeparam name="T">int, long, decimal, DateTime (Utc for tstzrange, Unspecified for tsrange), DateTimeOffset or DateOnly.</typeparam>
public readonly record struct ValueRange<T> where T : struct
{
    private readonly bool _some;

    /// <summary>A range that is not empty unless its bounds make it so. A null bound is infinite.</summary>
    /// <param name="lower">The lower bound; null for none.</param>
    /// <param name="upper">The upper bound; null for none.</param>
    /// <param name="lowerInclusive">Whether the lower bound belongs to it.</param>
    /// <param name="upperInclusive">Whether the upper bound belongs to it.</param>
    public ValueRange(T? lower, T? upper, bool lowerInclusive = true, bool upperInclusive = false) =>
        (_some, Lower, Upper, LowerInclusive, UpperInclusive) = (true, lower, upper, lower is not null && lowerInclusive,
            upper is not null && upperInclusive);

    /// <summary>Whether it is the empty range.</summary>
    public bool IsEmpty => !_some;

    /// <summary>The lower bound; null when there is none, or the range is empty.</summary>
    public T? Lower { get; }

    /// <summary>The upper bound; null when there is none, or the range is empty.</summary>
    public T? Upper { get; }

    /// <summary>Whether the lower bound belongs to it.</summary>
    public bool LowerInclusive { get; }

    /// <summary>Whether the upper bound belongs to it.</summary>
    public bool UpperInclusive { get; }

    /// <summary>As PostgreSQL writes it: `[1,5)`, `empty`.</summary>
    public override string ToString() => IsEmpty ? "empty"
        : $"{(LowerInclusive ? '[' : '(')}{Bound(Lower)},{Bound(Upper)}{(UpperInclusive ? ']' : ')')}";

    private static string Bound(T? bound)
    {
        if (bound is not { } value)
            return "";
        var text = ValueText.Write(value);
        return text.Contains(' ', StringComparison.Ordinal) ? $"\"{text}\"" : text;
    }
}

/// <summary>Makes ranges.</summary>
public static class ValueRange
{
    /// <summary>The range that holds nothing.</summary>
    public static ValueRange<T> Empty<T>() where T : struct => default;

    /// <summary>Reads what PostgreSQL writes, such as `[1,5)`. Throws <see cref="FormatException"/>.</summary>
    public static ValueRange<T> Parse<T>(string text) where T : struct
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "empty")
            return default;
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        return text.Length >= 3 && comma > 0 && (text[0] is '[' or '(') && (text[^1] is ']' or ')')
            ? new(Bound<T>(text[1..comma]), Bound<T>(text[(comma + 1)..^1]), text[0] == '[', text[^1] == ']')
            : throw new FormatException($"{text} is no range");
    }

    // A bound at infinity is not quite none, but there is no value for it.
    private static T? Bound<T>(string text) where T : struct =>
        text.Trim('"') is { Length: > 0 } bare && bare is not ("infinity" or "-infinity")
            ? ValueText.Read<T>(bare, CultureInfo.InvariantCulture)
            : null;
}
