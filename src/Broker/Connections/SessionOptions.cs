namespace Broker.Connections;

/// <summary>Run-time settings as the startup parameter `options` holds them.</summary>
internal static class SessionOptions
{
    /// <summary>The text; empty for no settings.</summary>
    internal static string Of(IEnumerable<KeyValuePair<string, string>> settings) =>
        string.Join(' ', settings.Select(static setting => $"-c {setting.Key}={Escaped(setting.Value)}"));

    // The server takes white space of any kind as the end of an option.
    private static string Escaped(string value) =>
        string.Concat(value.Select(static letter => letter == '\\' || char.IsWhiteSpace(letter) ? $"\\{letter}" : $"{letter}"));
}
