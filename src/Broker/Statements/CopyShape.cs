namespace Broker.Statements;

/// <summary>
/// What a COPY moves where, as far as its text says. Npgsql has one call for each way and format, and breaks the connection when the
/// statement is of another kind, so this is known before anything is sent.
/// </summary>
/// <param name="IsIn">FROM, that is into the server.</param>
/// <param name="IsClients">Whether its other end is the client (STDIN, STDOUT), and not a file or program of the server.</param>
/// <param name="IsBinary">Whether it asks for the binary format.</param>
internal sealed record CopyShape(bool IsIn, bool IsClients, bool IsBinary)
{
    /// <summary>The shape of a text whose one statement is a COPY; null when it does not read as one.</summary>
    internal static CopyShape? Of(string sql)
    {
        var reader = new Reader(sql);
        if (!reader.Skip("COPY"))
        {
            return null;
        }
        // The oldest form: COPY BINARY table. The word cannot be a table's name without quotes.
        var binary = reader.Skip("BINARY");
        if (!reader.SkipSource())
        {
            return null;
        }
        var isIn = reader.Skip("FROM");
        if (!isIn && !reader.Skip("TO"))
        {
            return null;
        }
        var clients = reader.Skip("STDIN") || reader.Skip("STDOUT");
        return new(isIn, clients, binary || reader.AsksForBinary());
    }

    private ref struct Reader(string sql)
    {
        private readonly string _sql = sql;
        private readonly List<Token> _tokens = Lexer.Significant(sql);
        private int _at;

        internal bool Skip(string word)
        {
            var found = IsWord(_at, word);
            _at += found ? 1 : 0;
            return found;
        }

        /// <summary>A query in parentheses, or a table with or without a list of columns.</summary>
        internal bool SkipSource()
        {
            if (SkipParentheses())
            {
                return true;
            }
            var start = _at;
            while (_at < _tokens.Count
                && (_tokens[_at].Kind is TokenKind.Word or TokenKind.QuotedName or TokenKind.UnicodeName || Is(_at, "."))
                && (_at == start || Is(_at, ".") || Is(_at - 1, ".")))
            {
                _at++;
            }
            SkipParentheses();
            return _at > start;
        }

        /// <summary>BINARY as a word among the options, or FORMAT binary in their list; not in the WHERE behind them.</summary>
        internal readonly bool AsksForBinary()
        {
            for (var depth = 0; _at + depth < _tokens.Count; depth++)
            {
                var i = _at + depth;
                if (IsWord(i, "WHERE"))
                {
                    return false;
                }
                if (IsWord(i, "BINARY") || (IsName(i, "format") && i + 1 < _tokens.Count && IsName(i + 1, "binary")))
                {
                    return true;
                }
            }
            return false;
        }

        private bool SkipParentheses()
        {
            if (!Is(_at, "("))
            {
                return false;
            }
            var depth = 0;
            do
            {
                depth += Is(_at, "(") ? 1 : Is(_at, ")") ? -1 : 0;
                _at++;
            }
            while (depth > 0 && _at < _tokens.Count);
            return true;
        }

        private readonly bool Is(int index, string text) => index < _tokens.Count && _tokens[index].In(_sql).SequenceEqual(text);

        private readonly bool IsWord(int index, string word) =>
            index < _tokens.Count
                && _tokens[index].Kind == TokenKind.Word
                && _tokens[index].In(_sql).Equals(word, StringComparison.OrdinalIgnoreCase);

        // A word in any case, or the same in quotes of either kind.
        private readonly bool IsName(int index, string name) => index < _tokens.Count && _tokens[index].Kind switch
        {
            TokenKind.Word => IsWord(index, name),
            TokenKind.QuotedName => _tokens[index].In(_sql).SequenceEqual($"\"{name}\""),
            TokenKind.String => _tokens[index].In(_sql).Contains(name, StringComparison.Ordinal),
            _ => false,
        };
    }
}
