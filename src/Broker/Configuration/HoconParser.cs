using System.Text.RegularExpressions;
using Akka.Configuration;

namespace Broker.Configuration;

/// <summary>Akka's parser, with its refusals told by line and without the text around the mistake, which may hold a password.</summary>
internal static partial class HoconParser
{
    public static Config Parse(string text, HoconText shape, string name)
    {
        if (!shape.Problems.IsEmpty)
        {
            throw new SettingsException(shape.Problems);
        }

        try
        {
            return string.IsNullOrWhiteSpace(text) ? Config.Empty : ConfigurationFactory.ParseString(text);
        }
        catch (Exception failure) when (failure is FormatException or ConfigurationException or NullReferenceException or ArgumentException)
        {
            throw new SettingsException([new SettingsProblem("", null, Where(text, name, failure),
                "the parser cannot read the text here")]);
        }
    }

    private static string Where(string text, string name, Exception failure) =>
        Position().Match(failure.Message) is { Success: true } match && int.TryParse(match.Groups[1].Value, out var at)
            ? $"{name}, line {text.AsSpan(0, Math.Min(at, text.Length)).Count('\n') + 1}"
            : name;

    [GeneratedRegex(@"position (\d+)")]
    private static partial Regex Position();
}
