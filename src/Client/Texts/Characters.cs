namespace Broker.Client.Texts;

/// <summary>The character classes of PostgreSQL's scanner. Everything beyond ASCII may be part of a name, blanks included.</summary>
internal static class Characters
{
    // a vertical tab is blank since 16 and an error before, so it may always count as blank
    public static bool IsSpace(char c) => c is ' ' or (>= '\t' and <= '\r');

    public static bool IsLineEnd(char c) => c is '\n' or '\r';

    public static bool StartsName(char c) => char.IsAsciiLetter(c) || c is '_' or >= '\u0080';

    public static bool ContinuesName(char c) => StartsName(c) || char.IsAsciiDigit(c) || c == '$';

    public static bool IsOperator(char c) =>
        c is '~' or '!' or '@' or '#' or '^' or '&' or '|' or '`' or '?' or '+' or '-' or '*' or '/' or '%' or '<' or '>' or '=';

    /// <summary>The first position at or after <paramref name="at"/> that is not part of a name.</summary>
    public static int NameEnd(ReadOnlySpan<char> sql, int at)
    {
        while (at < sql.Length && ContinuesName(sql[at]))
        {
            at++;
        }

        return at;
    }

    /// <summary>The first position at or after <paramref name="at"/> that is not a decimal digit.</summary>
    public static int DigitsEnd(ReadOnlySpan<char> sql, int at)
    {
        while (at < sql.Length && char.IsAsciiDigit(sql[at]))
        {
            at++;
        }

        return at;
    }
}
