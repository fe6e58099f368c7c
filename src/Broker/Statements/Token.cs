namespace Broker.Statements;

/// <summary>What a piece of SQL text is.</summary>
internal enum TokenKind
{
    /// <summary>Blanks, tabs, line ends.</summary>
    Whitespace,

    /// <summary><c>-- to the end of the line</c> or a nested block comment.</summary>
    Comment,

    /// <summary>An unquoted name or keyword; the server folds A-Z to lower case.</summary>
    Word,

    /// <summary>A name in double quotes, quotes included.</summary>
    QuotedName,

    /// <summary>A name written <c>U&amp;"..."</c>, whose escapes are not decoded here.</summary>
    UnicodeName,

    /// <summary>
    /// Any string: <c>'...'</c>, <c>E'...'</c>, <c>U&amp;'...'</c>, <c>N'...'</c>, <c>B'...'</c>, <c>X'...'</c>, dollar quoted.
    /// </summary>
    String,

    /// <summary>A number without its sign.</summary>
    Number,

    /// <summary>A positional parameter, <c>$1</c>.</summary>
    Parameter,

    /// <summary>An operator such as <c>+</c> or <c>@&gt;</c>.</summary>
    Operator,

    /// <summary>One of <c>, ( ) [ ] . ; :</c>, or <c>::</c>, <c>..</c>, <c>:=</c>.</summary>
    Punctuation,

    /// <summary>A string, quoted name or comment that the text ends in the middle of.</summary>
    Unterminated,

    /// <summary>A character PostgreSQL has no use for.</summary>
    Unknown,
}

/// <summary>A piece of a text: <paramref name="Length"/> characters from <paramref name="Start"/>.</summary>
internal readonly record struct Token(TokenKind Kind, int Start, int Length)
{
    /// <summary>The characters of the token in <paramref name="sql"/>, which must be the text it was read from.</summary>
    public ReadOnlySpan<char> In(ReadOnlySpan<char> sql) => sql.Slice(Start, Length);
}
