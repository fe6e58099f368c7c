using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Broker.Client.Ado.Writing;

/// <summary>
/// What a command's text has in it: its statements, and where their parameters stand. It follows from the text alone, so a text that
/// comes again is not read again.
/// </summary>
internal sealed class CommandTemplate
{
    private const int MostKept = 1024;
    private const int LongestKept = 16 * 1024;

    private static readonly ConcurrentDictionary<string, CommandTemplate> Kept = new(StringComparer.Ordinal);

    private CommandTemplate(string text, ImmutableArray<StatementTemplate> statements) => (Text, Statements) = (text, statements);

    /// <summary>The whole text.</summary>
    internal string Text { get; }

    /// <summary>Its statements in their order, at least one; what stands behind the last semicolon is none when it is blank.</summary>
    internal ImmutableArray<StatementTemplate> Statements { get; }

    /// <summary>The template of a text.</summary>
    internal static CommandTemplate Of(string text)
    {
        if (text.Length > LongestKept)
            return Read(text);
        if (Kept.TryGetValue(text, out var known))
            return known;
        if (Kept.Count >= MostKept)
            Kept.Clear();
        return Kept[text] = Read(text);
    }

    /// <summary>The text as one statement, semicolons and all.</summary>
    internal StatementTemplate Whole() => Statements is [var only] ? only
        : new(Text, 0, Text.Length, [.. Statements.SelectMany(static one => one.Placeholders)]);

    private static CommandTemplate Read(string text)
    {
        var statements = ImmutableArray.CreateBuilder<StatementTemplate>();
        var placeholders = ImmutableArray.CreateBuilder<Placeholder>();
        var scanner = new TextScanner(text);
        var start = 0;
        while (scanner.TryNext(out var found))
        {
            if (!scanner.IsEnd(found))
            {
                placeholders.Add(found);
                continue;
            }

            statements.Add(new(text, start, found.Start, placeholders.ToImmutable()));
            placeholders.Clear();
            start = found.End;
        }

        if (statements.Count == 0 || !text.AsSpan(start).IsWhiteSpace())
            statements.Add(new(text, start, text.Length, placeholders.ToImmutable()));
        return new(text, statements.ToImmutable());
    }
}
