namespace Broker.Client.Texts;

/// <summary>
/// Where strings, quoted names and comments end. Every method gives the position behind the end, or -1 when there is none.
/// </summary>
internal static class LiteralScanner
{
    private const int Unterminated = -1;

    public static bool StartsComment(ReadOnlySpan<char> sql, int at) =>
        at + 1 < sql.Length && ((sql[at] == '-' && sql[at + 1] == '-') || (sql[at] == '/' && sql[at + 1] == '*'));

    /// <summary>The end of the line that <paramref name="at"/> is on, or of the text.</summary>
    public static int LineEnd(ReadOnlySpan<char> sql, int at)
    {
        var length = sql[at..].IndexOfAny('\n', '\r');
        return length < 0 ? sql.Length : at + length;
    }

    /// <summary>
    /// The end of the string whose quote is at <paramref name="at"/>. A string goes on after a line end
    /// (<c>'a'</c>, new line, <c>'b'</c>), and keeps the escapes of its first part.
    /// </summary>
    public static int Quoted(ReadOnlySpan<char> sql, int at, bool escapes)
    {
        while (true)
        {
            var end = Part(sql, at + 1, escapes);
            if (end == Unterminated)
            {
                return Unterminated;
            }

            var next = Continuation(sql, end);
            if (next < 0)
            {
                return end;
            }

            at = next;
        }
    }

    /// <summary>The end of the name in double quotes that begins at <paramref name="at"/>.</summary>
    public static int Name(ReadOnlySpan<char> sql, int at)
    {
        for (at++; at < sql.Length; at++)
        {
            if (sql[at] != '"')
            {
                continue;
            }

            if (at + 1 >= sql.Length || sql[at + 1] != '"')
            {
                return at + 1;
            }

            at++;
        }

        return Unterminated;
    }

    /// <summary>The end of the block comment that begins at <paramref name="at"/>, comments within it counted.</summary>
    public static int BlockComment(ReadOnlySpan<char> sql, int at)
    {
        var depth = 1;
        for (at += 2; at + 1 < sql.Length; at++)
        {
            if (sql[at] == '/' && sql[at + 1] == '*')
            {
                depth++;
                at++;
            }
            else if (sql[at] == '*' && sql[at + 1] == '/')
            {
                at++;
                if (--depth == 0)
                {
                    return at + 1;
                }
            }
        }

        return Unterminated;
    }

    /// <summary>The length of the dollar quote (<c>$$</c>, <c>$tag$</c>) at <paramref name="at"/>, 0 when there is none.</summary>
    public static int DollarTag(ReadOnlySpan<char> sql, int at)
    {
        var end = at + 1;
        if (end < sql.Length && Characters.StartsName(sql[end]))
        {
            while (end < sql.Length && sql[end] != '$' && Characters.ContinuesName(sql[end]))
            {
                end++;
            }
        }

        return end < sql.Length && sql[end] == '$' ? end + 1 - at : 0;
    }

    /// <summary>The end of the string whose dollar quote of <paramref name="tag"/> characters is at <paramref name="at"/>.</summary>
    public static int DollarQuoted(ReadOnlySpan<char> sql, int at, int tag)
    {
        var quote = sql.Slice(at, tag);
        var length = sql[(at + tag)..].IndexOf(quote);
        return length < 0 ? Unterminated : at + tag + length + tag;
    }

    private static int Part(ReadOnlySpan<char> sql, int at, bool escapes)
    {
        for (; at < sql.Length; at++)
        {
            if (escapes && sql[at] == '\\')
            {
                at++;
            }
            else if (sql[at] == '\'')
            {
                if (at + 1 >= sql.Length || sql[at + 1] != '\'')
                {
                    return at + 1;
                }

                at++;
            }
        }

        return Unterminated;
    }

    /// <summary>
    /// The quote that continues a string ended before <paramref name="at"/>: blanks and comments with a line end among them lie between.
    /// </summary>
    private static int Continuation(ReadOnlySpan<char> sql, int at)
    {
        var lineEnd = false;
        while (at < sql.Length)
        {
            if (Characters.IsSpace(sql[at]))
            {
                lineEnd |= Characters.IsLineEnd(sql[at]);
                at++;
            }
            else if (sql[at] == '-' && at + 1 < sql.Length && sql[at + 1] == '-')
            {
                at = LineEnd(sql, at);
            }
            else
            {
                return lineEnd && sql[at] == '\'' ? at : Unterminated;
            }
        }

        return Unterminated;
    }
}
