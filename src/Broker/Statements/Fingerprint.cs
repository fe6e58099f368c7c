namespace Broker.Statements;

/// <summary>
/// The same for texts that differ only in literals, case of keywords and blanks; lists of literals count as one. For
/// estimates only: 64 bits may collide, so nothing that must be right depends on it.
/// </summary>
internal readonly record struct Fingerprint(ulong Value)
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>
    /// The fingerprint of <paramref name="sql"/>, whose tokens without blanks and comments are <paramref name="tokens"/>.
    /// </summary>
    public static Fingerprint Of(ReadOnlySpan<char> sql, IReadOnlyList<Token> tokens)
    {
        var hash = Offset;
        for (var i = 0; i < tokens.Count; i++)
        {
            if (IsLiteral(tokens[i]))
            {
                hash = Mix(Mix(hash, '?'), ' ');
                while (i + 2 < tokens.Count && tokens[i + 1].In(sql) is "," && IsLiteral(tokens[i + 2]))
                {
                    i += 2;
                }
            }
            else
            {
                hash = Mix(Mix(hash, tokens[i].In(sql), fold: tokens[i].Kind == TokenKind.Word), ' ');
            }
        }

        return new Fingerprint(hash);
    }

    /// <summary>The fingerprint of this text and another one behind it.</summary>
    public Fingerprint Then(Fingerprint next) => new((Value ^ (next.Value * Prime)) * Prime);

    private static bool IsLiteral(Token token) => token.Kind is TokenKind.String or TokenKind.Number;

    private static ulong Mix(ulong hash, ReadOnlySpan<char> text, bool fold)
    {
        foreach (var c in text)
        {
            hash = Mix(hash, fold && char.IsAsciiLetterUpper(c) ? (char)(c | ' ') : c);
        }

        return hash;
    }

    private static ulong Mix(ulong hash, char c) => (hash ^ c) * Prime;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}
