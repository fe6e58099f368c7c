namespace Broker.Configuration;

/// <summary>A text that must not print: <see cref="ToString"/> gives three stars wherever it ends up (logs, records, messages).</summary>
public sealed class Secret : IEquatable<Secret>
{
    private readonly string _text;

    /// <summary>Wraps a text.</summary>
    public Secret(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _text = text;
    }

    /// <summary>The text itself; for the one place that hands it to the server, never for a log.</summary>
    public string Reveal() => _text;

    /// <summary>Equal when the texts are.</summary>
    public bool Equals(Secret? other) => other is not null && other._text == _text;

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <inheritdoc />
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";
}
