namespace Broker.Configuration;

/// <summary>Says where a key was written: the name of the text, and the line if the text itself was read.</summary>
internal sealed class SettingsOrigins
{
    private readonly string _name;
    private readonly IReadOnlyDictionary<string, int> _lines;

    public SettingsOrigins(string name, IReadOnlyDictionary<string, int> lines)
    {
        _name = name;
        _lines = lines;
    }

    /// <summary>The origins of a configuration whose text is not known.</summary>
    public static SettingsOrigins Unknown { get; } = new("application configuration", new Dictionary<string, int>());

    public string Of(string path) => _lines.TryGetValue(path, out var line) ? $"{_name}, line {line}" : _name;
}
