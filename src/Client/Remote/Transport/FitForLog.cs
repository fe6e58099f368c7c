using System.Globalization;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// What a stranger wrote, fit for a line of a log: short, and without line ends or anything else by which it could pass for more than it
/// is.
/// </summary>
internal static class FitForLog
{
    /// <summary>How many characters are shown; three dots stand for the others.</summary>
    internal const int Most = 500;

    internal static string Of(string text, int most = Most)
    {
        var shown = string.Create(Math.Min(text.Length, most), text, static (span, from) =>
        {
            for (var at = 0; at < span.Length; at++)
            {
                span[at] = IsPlain(from, at) ? from[at] : '?';
            }
        });
        return text.Length > most ? $"{shown}..." : shown;
    }

    private static bool IsPlain(string text, int at) => CharUnicodeInfo.GetUnicodeCategory(text[at]) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
