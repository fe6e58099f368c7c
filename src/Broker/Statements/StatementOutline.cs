namespace Broker.Statements;

/// <summary>Where the statements of a text begin and end, and which word is the main one.</summary>
internal static class StatementOutline
{
    /// <summary>Whether the token at <paramref name="i"/> is <paramref name="text"/>: a word in any case, or punctuation.</summary>
    public static bool Is(ReadOnlySpan<char> sql, List<Token> tokens, int i, ReadOnlySpan<char> text) =>
        i >= 0 && i < tokens.Count && (tokens[i].Kind is TokenKind.Word or TokenKind.Punctuation)
        && tokens[i].In(sql).Equals(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// How many statements there are, empty ones not counted. Bodies between BEGIN ATOMIC and END are part of their statement.
    /// </summary>
    public static int Count(ReadOnlySpan<char> sql, List<Token> tokens)
    {
        int count = 0, parentheses = 0, blocks = 0;
        bool empty = true, routine = false;
        for (var i = 0; i < tokens.Count; i++)
        {
            if (empty)
            {
                routine = CreatesRoutine(sql, tokens, i);
            }

            if (Is(sql, tokens, i, ";") && parentheses == 0 && blocks == 0)
            {
                empty = true;
                continue;
            }

            count += empty ? 1 : 0;
            empty = empty && Is(sql, tokens, i, ";");
            parentheses = Math.Max(0, parentheses + (Is(sql, tokens, i, "(") ? 1 : Is(sql, tokens, i, ")") ? -1 : 0));
            blocks = routine ? Math.Max(0, blocks + BlockStep(sql, tokens, i, blocks)) : 0;
        }

        return count;
    }

    /// <summary>The position of the word that says what the first statement does; -1 in an empty text.</summary>
    public static int MainVerb(ReadOnlySpan<char> sql, List<Token> tokens)
    {
        var i = 0;
        while (Is(sql, tokens, i, "(") || Is(sql, tokens, i, ";"))
        {
            i++;
        }

        if (i >= tokens.Count)
        {
            return -1;
        }

        return Is(sql, tokens, i, "with") ? BehindWith(sql, tokens, i) : i;
    }

    /// <summary>Where another word than the one at <paramref name="main"/> begins a statement that changes rows, if any does.</summary>
    public static ShapeMarks ModifiesWithin(ReadOnlySpan<char> sql, List<Token> tokens, int main)
    {
        var marks = ShapeMarks.None;
        var depth = 0;
        for (var i = 0; i < tokens.Count; i++)
        {
            if (i != main && tokens[i].Kind == TokenKind.Word && BeginsChange(sql, tokens, i))
            {
                marks |= i < main && depth == 1 && Is(sql, tokens, 0, "with") && BeginsExpression(sql, tokens, i)
                    ? ShapeMarks.ModifiesInWith
                    : ShapeMarks.ModifiesWithin;
            }

            depth += Is(sql, tokens, i, "(") ? 1 : Is(sql, tokens, i, ")") ? -1 : 0;
        }

        return marks;
    }

    // AS (, AS MATERIALIZED (, AS NOT MATERIALIZED (
    private static bool BeginsExpression(ReadOnlySpan<char> sql, List<Token> tokens, int i)
    {
        var before = i - 2;
        before -= Is(sql, tokens, before, "materialized") ? 1 : 0;
        before -= Is(sql, tokens, before, "not") ? 1 : 0;
        return Is(sql, tokens, i - 1, "(") && Is(sql, tokens, before, "as");
    }

    private static bool BeginsChange(ReadOnlySpan<char> sql, List<Token> tokens, int i) => StatementVerbs.Of(tokens[i].In(sql)) switch
    {
        StatementVerb.Insert or StatementVerb.Merge => Is(sql, tokens, i + 1, "into"),
        StatementVerb.Delete => Is(sql, tokens, i + 1, "from"),
        StatementVerb.Update => !FollowsOwner(sql, tokens, i) && IsTable(sql, tokens, i + 1),
        _ => false,
    };

    // FOR UPDATE, FOR NO KEY UPDATE, DO UPDATE, THEN UPDATE, t.update
    private static bool FollowsOwner(ReadOnlySpan<char> sql, List<Token> tokens, int i) =>
        Is(sql, tokens, i - 1, "for") || Is(sql, tokens, i - 1, "key") || Is(sql, tokens, i - 1, "do")
        || Is(sql, tokens, i - 1, "then") || Is(sql, tokens, i - 1, ".");

    private static bool IsTable(ReadOnlySpan<char> sql, List<Token> tokens, int i) =>
        i < tokens.Count && tokens[i].Kind switch
        {
            TokenKind.QuotedName or TokenKind.UnicodeName => true,
            TokenKind.Word => Is(sql, tokens, i, "only") || !Keywords.IsReserved(Identifier.Of(sql, tokens[i])),
            _ => false,
        };

    private static int BehindWith(ReadOnlySpan<char> sql, List<Token> tokens, int with)
    {
        var depth = 0;
        for (var i = with + 1; i < tokens.Count; i++)
        {
            if (Is(sql, tokens, i, ")"))
            {
                depth--;
            }

            if (depth == 0 && BeginsMain(sql, tokens, i))
            {
                return i;
            }

            depth += Is(sql, tokens, i, "(") ? 1 : 0;
        }

        return with;
    }

    // a common table expression may be called `update`; it then follows WITH, RECURSIVE or a comma
    private static bool BeginsMain(ReadOnlySpan<char> sql, List<Token> tokens, int i)
    {
        if (tokens[i].Kind != TokenKind.Word || !Is(sql, tokens, i - 1, ")"))
        {
            return false;
        }

        var verb = StatementVerbs.Of(tokens[i].In(sql));
        return verb.IsRead() || verb.IsWrite();
    }

    private static bool CreatesRoutine(ReadOnlySpan<char> sql, List<Token> tokens, int i)
    {
        if (!Is(sql, tokens, i, "create"))
        {
            return false;
        }

        i += Is(sql, tokens, i + 1, "or") && Is(sql, tokens, i + 2, "replace") ? 3 : 1;
        return Is(sql, tokens, i, "function") || Is(sql, tokens, i, "procedure");
    }

    private static int BlockStep(ReadOnlySpan<char> sql, List<Token> tokens, int i, int blocks) =>
        Is(sql, tokens, i, "begin") && Is(sql, tokens, i + 1, "atomic") ? 1
        : Is(sql, tokens, i, "case") && blocks > 0 ? 1
        : Is(sql, tokens, i, "end") && blocks > 0 ? -1
        : 0;
}
