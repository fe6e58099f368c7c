using System.Text;

namespace Broker.Statements;

/// <summary>How the server spells the name that a token writes.</summary>
internal static class Identifier
{
    private const int LongestInBytes = 63;

    /// <summary>The name of a word (A-Z become a-z) or of a quoted name (its quotes undone).</summary>
    public static string Of(ReadOnlySpan<char> sql, Token token)
    {
        var text = token.In(sql);
        return token.Kind == TokenKind.QuotedName
            ? text[1..^1].ToString().Replace("\"\"", "\"", StringComparison.Ordinal)
            : Folded(text);
    }

    /// <summary>Whether the server would cut <paramref name="name"/>, so that another is meant than the one written.</summary>
    public static bool IsTooLong(string name) => name.Length * 3 > LongestInBytes && Encoding.UTF8.GetByteCount(name) > LongestInBytes;

    // the server folds with the rules of ASCII where its encoding has more than one byte for a character
    private static string Folded(ReadOnlySpan<char> word)
    {
        if (word.IndexOfAnyInRange('A', 'Z') < 0)
        {
            return word.ToString();
        }

        return string.Create(word.Length, word, static (to, from) =>
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] | ' ') : from[i];
            }
        });
    }
}
