using System.Buffers;
using Broker.Client.Texts;

namespace Broker.Statements;

/// <summary>
/// PostgreSQL's lexical rules over a text, and nothing more: it never fails, and every character belongs to exactly one
/// token. Where versions differ (numbers that run into words, vertical tabs) it sees the more words of the two readings,
/// so that nothing can hide in a token.
/// </summary>
/// <remarks>Assumes <c>standard_conforming_strings = on</c>; <see cref="PoolDefaults"/> says whether that holds.</remarks>
internal ref struct Lexer
{
    private static readonly SearchValues<char> BeyondTheStandard = SearchValues.Create("~!@#^&|`?%");

    // the server refuses operators that are longer; without an end, a run of signs would be read once for each of them
    private const int LongestOperator = 64;

    private readonly ReadOnlySpan<char> _sql;
    private int _at;

    /// <summary>Starts at the beginning of <paramref name="sql"/>.</summary>
    public Lexer(ReadOnlySpan<char> sql)
    {
        _sql = sql;
        _at = 0;
    }

    /// <summary>All tokens of <paramref name="sql"/> that mean something: no whitespace, no comments.</summary>
    public static List<Token> Significant(ReadOnlySpan<char> sql)
    {
        var tokens = new List<Token>(sql.Length / 5 + 4);
        var lexer = new Lexer(sql);
        while (lexer.TryRead(out var token))
        {
            if (token.Kind is not (TokenKind.Whitespace or TokenKind.Comment))
            {
                tokens.Add(token);
            }
        }

        return tokens;
    }

    /// <summary>Reads the next token; false at the end of the text.</summary>
    public bool TryRead(out Token token)
    {
        if (_at >= _sql.Length)
        {
            token = default;
            return false;
        }

        var start = _at;
        var kind = Next(_sql[start]);
        token = new Token(kind, start, _at - start);
        return true;
    }

    private TokenKind Next(char first) => first switch
    {
        _ when Characters.IsSpace(first) => Whitespace(),
        '\'' => Literal(LiteralScanner.Quoted(_sql, _at, escapes: false), TokenKind.String),
        '"' => Literal(LiteralScanner.Name(_sql, _at), TokenKind.QuotedName),
        '$' => Dollar(),
        '-' when Peek(1) == '-' => LineComment(),
        '/' when Peek(1) == '*' => Literal(LiteralScanner.BlockComment(_sql, _at), TokenKind.Comment),
        _ when Characters.StartsName(first) => WordOrPrefixed(first),
        _ when char.IsAsciiDigit(first) || (first == '.' && char.IsAsciiDigit(Peek(1))) => Number(),
        _ when Characters.IsOperator(first) => Operator(),
        ':' or '.' => Pair(first),
        ',' or '(' or ')' or '[' or ']' or ';' => Advance(1, TokenKind.Punctuation),
        _ => Advance(1, TokenKind.Unknown),
    };

    private readonly char Peek(int ahead) => _at + ahead < _sql.Length ? _sql[_at + ahead] : '\0';

    private TokenKind Advance(int count, TokenKind kind)
    {
        _at += count;
        return kind;
    }

    private TokenKind Literal(int end, TokenKind kind)
    {
        _at = end < 0 ? _sql.Length : end;
        return end < 0 ? TokenKind.Unterminated : kind;
    }

    private TokenKind Whitespace()
    {
        while (_at < _sql.Length && Characters.IsSpace(_sql[_at]))
        {
            _at++;
        }

        return TokenKind.Whitespace;
    }

    private TokenKind LineComment()
    {
        _at = LiteralScanner.LineEnd(_sql, _at);
        return TokenKind.Comment;
    }

    private TokenKind WordOrPrefixed(char first)
    {
        switch (first)
        {
            case 'e' or 'E' when Peek(1) == '\'':
                return Literal(LiteralScanner.Quoted(_sql, _at + 1, escapes: true), TokenKind.String);
            case 'b' or 'B' or 'x' or 'X' or 'n' or 'N' when Peek(1) == '\'':
                return Literal(LiteralScanner.Quoted(_sql, _at + 1, escapes: false), TokenKind.String);
            case 'u' or 'U' when Peek(1) == '&' && Peek(2) == '\'':
                return Literal(LiteralScanner.Quoted(_sql, _at + 2, escapes: false), TokenKind.String);
            case 'u' or 'U' when Peek(1) == '&' && Peek(2) == '"':
                return Literal(LiteralScanner.Name(_sql, _at + 2), TokenKind.UnicodeName);
            default:
                _at = Characters.NameEnd(_sql, _at);
                return TokenKind.Word;
        }
    }

    private TokenKind Dollar()
    {
        if (char.IsAsciiDigit(Peek(1)))
        {
            _at = Characters.DigitsEnd(_sql, _at + 1);
            return TokenKind.Parameter;
        }

        var tag = LiteralScanner.DollarTag(_sql, _at);
        return tag == 0
            ? Advance(1, TokenKind.Unknown)
            : Literal(LiteralScanner.DollarQuoted(_sql, _at, tag), TokenKind.String);
    }

    private TokenKind Number()
    {
        _at = NumberScanner.End(_sql, _at);
        return TokenKind.Number;
    }

    private TokenKind Pair(char first)
    {
        var next = Peek(1);
        var isPair = (first, next) is (':', ':') or (':', '=') or ('.', '.');
        return Advance(isPair ? 2 : 1, TokenKind.Punctuation);
    }

    private TokenKind Operator()
    {
        var end = _at + 1;
        var limit = Math.Min(_sql.Length, _at + LongestOperator);
        while (end < limit && Characters.IsOperator(_sql[end]) && !LiteralScanner.StartsComment(_sql, end))
        {
            end++;
        }

        // SQL says that `=-1` is an equality with minus one: a sign at the end belongs to what follows,
        // unless the operator has a character that no operator of the standard has
        if (!_sql[_at..end].ContainsAny(BeyondTheStandard))
        {
            while (end - _at > 1 && (_sql[end - 1] is '+' or '-'))
            {
                end--;
            }
        }

        _at = end;
        return TokenKind.Operator;
    }
}
