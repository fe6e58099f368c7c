using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Broker.Client.Parameters;

/// <summary>
/// The text of an interpolated statement up to some point: a tree, in which each place in a program that writes a statement is one
/// path. So a text is put together once for each such place, not for each call, and is one and the same string each time. Only texts
/// that the compiler made (interned strings) are kept, hence the tree cannot grow without end.
/// </summary>
internal sealed class InterpolatedText
{
    private readonly InterpolatedText? _before;
    private readonly string? _literal;
    private readonly int _holes;
    private ConcurrentDictionary<string, InterpolatedText>? _literals;
    private InterpolatedText? _hole;
    private string? _text;

    private InterpolatedText(InterpolatedText? before, string? literal, int holes) =>
        (_before, _literal, _holes) = (before, literal, holes);

    internal static InterpolatedText Start { get; } = new(null, "", 0);

    /// <summary>The whole text. Parameters are kept apart from what stands around them, so that `{a}0` is not $10.</summary>
    internal string Text => _text ??= Compose();

    internal InterpolatedText Hole() => _hole ??= new(this, null, _holes + 1);

    internal InterpolatedText Literal(string literal)
    {
        var known = _literals ?? Interlocked.CompareExchange(ref _literals, new(ReferenceEqualityComparer.Instance), null) ?? _literals;
        return known.TryGetValue(literal, out var next) ? next
            : string.IsInterned(literal) is { } interned && ReferenceEquals(interned, literal)
                ? known.GetOrAdd(literal, new InterpolatedText(this, literal, _holes))
            : new(this, literal, _holes);
    }

    private string Compose()
    {
        var steps = new Stack<InterpolatedText>();
        for (var step = this; step is not null; step = step._before)
            steps.Push(step);
        var text = new StringBuilder();
        var afterHole = false;
        foreach (var step in steps)
        {
            var isHole = step._literal is null;
            string piece = step._literal ?? string.Create(CultureInfo.InvariantCulture, $"${step._holes}");
            if ((isHole || afterHole) && text.Length > 0 && piece.Length > 0 && RunsOn(text[^1]) && RunsOn(piece[0]))
                text.Append(' ');
            text.Append(piece);
            afterHole = isHole || (afterHole && piece.Length == 0);
        }

        return text.ToString();
    }

    /// <summary>Whether two such characters side by side would be read as one word.</summary>
    private static bool RunsOn(char c) => char.IsLetterOrDigit(c) || c is '_' or '$';
}
