using System.Globalization;

namespace Broker.Configuration;

/// <summary>
/// Times and sizes as the configuration writes them: a number and its unit, always. Akka takes a bare number for
/// milliseconds; here it is refused, because <c>acquire-timeout = 30</c> was surely not meant so.
/// </summary>
internal static class Quantity
{
    public static TimeSpan Time(string text) => TryTime(text, out var time) ? time : throw new FormatException(text);

    public static long Bytes(string text) => TryBytes(text, out var size) ? size : throw new FormatException(text);

    public static bool TryTime(string text, out TimeSpan time)
    {
        var (number, unit) = Split(text);
        double? milliseconds = unit switch
        {
            "us" or "micros" or "microsecond" or "microseconds" => number / 1000,
            "ms" or "millis" or "millisecond" or "milliseconds" => number,
            "s" or "second" or "seconds" => number * 1000,
            "m" or "minute" or "minutes" => number * 60_000,
            "h" or "hour" or "hours" => number * 3_600_000,
            "d" or "day" or "days" => number * 86_400_000,
            _ => null,
        };
        var fits = milliseconds is >= 0 and <= 1e12;
        time = fits ? TimeSpan.FromMicroseconds(Math.Round(milliseconds!.Value * 1000)) : default;
        return fits;
    }

    public static bool TryBytes(string text, out long size)
    {
        var (number, unit) = Split(text);
        double? bytes = unit switch
        {
            "B" or "b" or "byte" or "bytes" => number,
            "kB" or "KB" or "kilobyte" or "kilobytes" => number * 1000,
            "K" or "k" or "KiB" or "kibibyte" or "kibibytes" => number * 1024,
            "MB" or "megabyte" or "megabytes" => number * 1_000_000,
            "M" or "m" or "MiB" or "mebibyte" or "mebibytes" => number * 1_048_576,
            "GB" or "gigabyte" or "gigabytes" => number * 1e9,
            "G" or "g" or "GiB" or "gibibyte" or "gibibytes" => number * 1_073_741_824,
            _ => null,
        };
        var fits = bytes is >= 0 and <= 1e15;
        size = fits ? (long)Math.Round(bytes!.Value) : 0;
        return fits;
    }

    private static (double Number, string Unit) Split(string text)
    {
        var digits = text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.').Count();
        return double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? (number, text[digits..].Trim())
            : (0, "");
    }
}
