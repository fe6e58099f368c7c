using System.Collections.Immutable;

namespace Broker.Gateway.Access;

/// <summary>A word of a rule.</summary>
/// <param name="Text">Without its quotes.</param>
/// <param name="Quoted">Whether it stood in quotes: then it is a name, and no keyword.</param>
internal readonly record struct RuleWord(string Text, bool Quoted)
{
    internal bool Is(string keyword) => !Quoted && Text == keyword;
}

/// <summary>Cuts a line of access rules into fields, and these at their commas into words.</summary>
internal static class RuleFields
{
    /// <summary>Cuts one.</summary>
    /// <param name="line">Up to a comment, which begins with <c>#</c>.</param>
    /// <param name="wrong">Why it cannot be cut; null when it is.</param>
    /// <returns>No field for an empty line.</returns>
    internal static ImmutableArray<ImmutableArray<RuleWord>> Of(string line, out string? wrong)
    {
        wrong = null;
        var fields = ImmutableArray.CreateBuilder<ImmutableArray<RuleWord>>();
        var words = ImmutableArray.CreateBuilder<RuleWord>();
        var at = 0;
        while (true)
        {
            while (at < line.Length && char.IsWhiteSpace(line[at]))
                at++;
            if (at == line.Length || line[at] == '#')
                break;
            if (line[at] == ',')
            {
                wrong = "a name is missing before a comma";
                return [];
            }
            if (Word(line, ref at) is not { } word)
            {
                wrong = "a quote is never closed";
                return [];
            }
            words.Add(word);
            if (at < line.Length && line[at] == ',')
            {
                at++;
                continue;
            }
            fields.Add(words.ToImmutable());
            words.Clear();
        }
        wrong = words.Count > 0 ? "a name is missing behind a comma" : null;
        return wrong is null ? fields.ToImmutable() : [];
    }

    // a quote inside quotes is written twice
    private static RuleWord? Word(string line, ref int at)
    {
        var text = new System.Text.StringBuilder();
        var (inside, quoted) = (false, false);
        for (; at < line.Length && (inside || !(char.IsWhiteSpace(line[at]) || line[at] is ',' or '#')); at++)
        {
            if (line[at] != '"')
                text.Append(line[at]);
            else if (inside && at + 1 < line.Length && line[at + 1] == '"')
                text.Append(line[at++]);
            else
                (inside, quoted) = (!inside, true);
        }
        return inside ? null : new(text.ToString(), quoted);
    }
}
