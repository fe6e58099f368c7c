using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>The statement within a statement: of a cursor, of a COPY, of an EXPLAIN. Null where there is none that can be judged.</summary>
internal static class InnerText
{
    /// <summary>DECLARE name ... CURSOR ... FOR query: the query, of a cursor that ends with its transaction.</summary>
    internal static string? OfDeclare(string text)
    {
        var tokens = Lexer.Significant(text);
        for (var i = 2; i < tokens.Count; i++)
        {
            if (StatementOutline.Is(text, tokens, i, "with"))
            {
                return null;
            }
            if (StatementOutline.Is(text, tokens, i, "for"))
            {
                return text[(tokens[i].Start + tokens[i].Length)..];
            }
        }
        return null;
    }

    /// <summary>
    /// COPY from or to the client: its query, or a read or write of its table. With a condition, or from and to files and programs, it is
    /// not judged.
    /// </summary>
    internal static string? OfCopy(string text)
    {
        if (CopyShape.Of(text) is not { IsClients: true } shape)
        {
            return null;
        }
        var tokens = Lexer.Significant(text);
        var first = StatementOutline.Is(text, tokens, 1, "binary") ? 2 : 1;
        if (StatementOutline.Is(text, tokens, first, "("))
        {
            var last = Closing(text, tokens, first);
            return last < tokens.Count && !shape.IsIn ? text[(tokens[first].Start + 1)..tokens[last].Start] : null;
        }
        var end = first;
        while (StatementOutline.Is(text, tokens, end + 1, "."))
        {
            end += 2;
        }
        if (end >= tokens.Count || Has(text, tokens, end, "where"))
        {
            return null;
        }
        var table = text[tokens[first].Start..(tokens[end].Start + tokens[end].Length)];
        return shape.IsIn ? $"INSERT INTO {table} DEFAULT VALUES" : $"SELECT FROM {table}";
    }

    /// <summary>EXPLAIN of any kind: what is explained, as if it were run.</summary>
    internal static string? OfExplain(string text)
    {
        var tokens = Lexer.Significant(text);
        var at = 1;
        if (StatementOutline.Is(text, tokens, at, "("))
        {
            at = Closing(text, tokens, at) + 1;
        }
        else
        {
            at += StatementOutline.Is(text, tokens, at, "analyze") || StatementOutline.Is(text, tokens, at, "analyse") ? 1 : 0;
            at += StatementOutline.Is(text, tokens, at, "verbose") ? 1 : 0;
        }
        return at < tokens.Count ? text[tokens[at].Start..] : null;
    }

    /// <summary>Whether it is PREPARE TRANSACTION; a statement may be called that, too.</summary>
    internal static bool IsTwoPhase(string text)
    {
        var tokens = Lexer.Significant(text);
        return StatementOutline.Is(text, tokens, 0, "prepare")
            && StatementOutline.Is(text, tokens, 1, "transaction")
            && tokens.Count > 2
            && tokens[2].Kind is TokenKind.String;
    }

    private static bool Has(string text, List<Token> tokens, int from, string word)
    {
        for (var i = from; i < tokens.Count; i++)
        {
            if (StatementOutline.Is(text, tokens, i, word))
            {
                return true;
            }
        }
        return false;
    }

    private static int Closing(string text, List<Token> tokens, int opening)
    {
        var depth = 0;
        for (var i = opening; i < tokens.Count; i++)
        {
            depth += StatementOutline.Is(text, tokens, i, "(") ? 1 : StatementOutline.Is(text, tokens, i, ")") ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }
        return tokens.Count;
    }
}
