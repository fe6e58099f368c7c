namespace Broker.Configuration;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Path">The full path of the key, <c>broker.pool.size</c>; empty when the text itself cannot be read.</param>
/// <param name="Value">The value as it was written; null when there is none or when it may be a secret.</param>
/// <param name="Origin">Where it was written: a file or "application configuration", with the line if known, or reference.conf.</param>
/// <param name="Text">What is wrong, and what is allowed.</param>
public sealed record SettingsProblem(string Path, string? Value, string Origin, string Text)
{
    /// <summary>One line: path, value, origin, text.</summary>
    public override string ToString() =>
        (Path, Value) switch
        {
            ("", _) => $"{Origin}: {Text}",
            (_, null) => $"{Path} ({Origin}): {Text}",
            _ => $"{Path} = {Value} ({Origin}): {Text}",
        };
}
