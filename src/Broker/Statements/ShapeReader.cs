using System.Collections.Immutable;
using System.Globalization;

namespace Broker.Statements;

/// <summary>Reads the tokens of one text once, from left to right, into a <see cref="StatementShape"/>.</summary>
internal ref struct ShapeReader
{
    private readonly ReadOnlySpan<char> _sql;
    private readonly List<Token> _tokens;
    private readonly OrderedDictionary<CatalogueName, NameUse> _names = [];
    private readonly SortedSet<string> _operators = new(StringComparer.Ordinal) { "=", "<>" };
    private ShapeMarks _marks;
    private int _highestParameter;

    public ShapeReader(ReadOnlySpan<char> sql, List<Token> tokens)
    {
        _sql = sql;
        _tokens = tokens;
    }

    public StatementShape Read()
    {
        var main = StatementOutline.MainVerb(_sql, _tokens);
        for (var i = 0; i < _tokens.Count;)
        {
            i = ReadAt(i);
        }

        if (_sql.Contains('\0'))
        {
            _marks |= ShapeMarks.Nul;
        }

        if (HasHalfSurrogate(_sql))
        {
            _marks |= ShapeMarks.HalfSurrogate;
        }

        if (_sql.Length > ClassifiedTexts.LongestText)
        {
            _marks |= ShapeMarks.LongText;
        }

        _marks |= StatementOutline.ModifiesWithin(_sql, _tokens, main);

        var verb = main < 0 ? StatementVerb.None : VerbAt(main);
        return new StatementShape(
            StatementOutline.Count(_sql, _tokens), verb, TargetOf(verb, main), [.. _names], [.. _operators],
            _highestParameter, verb.IsRead() ? _marks : _marks & ~ShapeMarks.SelectsInto, Fingerprint.Of(_sql, _tokens));
    }

    private static bool HasHalfSurrogate(ReadOnlySpan<char> sql)
    {
        for (var at = sql.IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0; at = sql.IndexOfAnyInRange('\uD800', '\uDFFF'))
        {
            if (at + 1 >= sql.Length || !char.IsSurrogatePair(sql[at], sql[at + 1]))
            {
                return true;
            }

            sql = sql[(at + 2)..];
        }

        return false;
    }

    private readonly StatementVerb VerbAt(int i) =>
        _tokens[i].Kind == TokenKind.Word ? StatementVerbs.Of(_tokens[i].In(_sql)) : StatementVerb.Other;

    private int ReadAt(int i)
    {
        var token = _tokens[i];
        switch (token.Kind)
        {
            case TokenKind.Word when !IsDot(i - 1) && Keywords.IsReserved(NameAt(i)) && !IsDot(i + 1):
                ReadKeyword(i);
                return i + 1;
            case TokenKind.Word when !IsDot(i - 1) && Is(i, "operator") && Is(i + 1, "("):
                return ReadOperatorName(i);
            case TokenKind.Word or TokenKind.QuotedName:
                ReadKeyword(i);
                return ReadChain(i);
            case TokenKind.Operator:
                AddOperator(token.In(_sql));
                return i + 1;
            case TokenKind.Parameter:
                ReadParameter(token.In(_sql)[1..]);
                return i + 1;
            default:
                _marks |= MarkOf(token.Kind);
                return i + 1;
        }
    }

    private static ShapeMarks MarkOf(TokenKind kind) => kind switch
    {
        TokenKind.UnicodeName => ShapeMarks.UnicodeName,
        TokenKind.Unterminated => ShapeMarks.Unterminated,
        TokenKind.Unknown => ShapeMarks.UnknownCharacter,
        _ => ShapeMarks.None,
    };

    private void ReadKeyword(int i)
    {
        if (_tokens[i].Kind != TokenKind.Word || IsDot(i - 1))
        {
            return;
        }

        switch (NameAt(i))
        {
            case "for" when Is(i + 1, "update") || Is(i + 1, "share") || (Is(i + 1, "no") && Is(i + 2, "key")) || Is(i + 1, "key"):
                _marks |= ShapeMarks.LocksRows;
                break;
            case "into" when !Is(i - 1, "insert") && !Is(i - 1, "merge"):
                _marks |= ShapeMarks.SelectsInto;
                break;
            case "returning":
                _marks |= ShapeMarks.Returns;
                break;
            case "like":
                _operators.UnionWith(["~~", "!~~"]);
                break;
            case "ilike":
                _operators.UnionWith(["~~*", "!~~*"]);
                break;
            case "similar":
                _operators.UnionWith(["~", "!~"]);
                break;
            case "between":
                _operators.UnionWith([">=", "<=", "<", ">"]);
                break;
            default:
                break;
        }
    }

    /// <summary>A name with its parts, <c>a.b.c</c>, beginning at <paramref name="i"/>; gives the position behind it.</summary>
    private int ReadChain(int i)
    {
        var first = i;
        var parts = new List<string>(3) { Noted(i) };
        while (IsDot(i + 1) && IsName(i + 2))
        {
            i += 2;
            parts.Add(Noted(i));
        }

        var full = new CatalogueName(parts.Count > 1 ? parts[^2] : null, parts[^1]);
        var called = Is(i + 1, "(");
        if (IsDot(first - 1))
        {
            Add(new CatalogueName(null, parts[0]), NameUse.Field);
        }
        else
        {
            Add(full, NameUse.Object);
        }

        for (var part = 1; part < parts.Count - (called ? 1 : 0); part++)
        {
            Add(new CatalogueName(null, parts[part]), NameUse.Field);
        }

        if (called && (parts.Count > 1 || _tokens[first].Kind != TokenKind.Word || !Keywords.IsNeverCalled(parts[0])))
        {
            Add(full, NameUse.Called);
            ReadCall(full.Name, i + 2);
        }

        return i + 1;
    }

    private void ReadCall(string function, int argument)
    {
        if (Keywords.TellsTransaction(function))
        {
            _marks |= ShapeMarks.TransactionFunction;
        }

        if (function == "current_setting" && !IsOwnSetting(argument))
        {
            _marks |= ShapeMarks.ReadsSetting;
        }
    }

    // a group sets only settings of the server, and those have no dot in their names
    private readonly bool IsOwnSetting(int i)
    {
        var isName = i < _tokens.Count && _tokens[i].Kind == TokenKind.String && _tokens[i].In(_sql) is ['\'', .. var name, '\'']
            && name.Contains('.') && !name.Contains('\'');
        var end = Is(i + 1, "::") && Is(i + 2, "text") ? i + 3 : i + 1;
        return isName && (Is(end, ")") || Is(end, ","));
    }

    private int ReadOperatorName(int i)
    {
        var schema = IsName(i + 2) && IsDot(i + 3) ? NameAt(i + 2) : null;
        if (schema != CatalogueName.SystemSchema)
        {
            _marks |= ShapeMarks.NamesOperator;
        }

        return i + (schema is null ? 2 : 4);
    }

    private void ReadParameter(ReadOnlySpan<char> digits)
    {
        var number = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? Math.Min(n, 65_536) : 65_536;
        _highestParameter = Math.Max(_highestParameter, number);
    }

    private readonly CatalogueName? TargetOf(StatementVerb verb, int main)
    {
        if (!verb.IsWrite())
        {
            return null;
        }

        var i = main + 1;
        i += Is(i, "into") || Is(i, "from") ? 1 : 0;
        i += Is(i, "only") ? 1 : 0;
        i += Is(i, "(") ? 1 : 0;
        if (!IsName(i) || (_tokens[i].Kind == TokenKind.Word && Keywords.IsReserved(NameAt(i))))
        {
            return null;
        }

        string? schema = null;
        while (IsDot(i + 1) && IsName(i + 2))
        {
            schema = NameAt(i);
            i += 2;
        }

        return new CatalogueName(schema, NameAt(i));
    }

    private readonly void Add(CatalogueName name, NameUse use) =>
        _names[name] = _names.TryGetValue(name, out var before) ? before | use : use;

    private readonly void AddOperator(ReadOnlySpan<char> symbol)
    {
        if (symbol is not "=>")
        {
            _operators.Add(symbol is "!=" ? "<>" : symbol.ToString());
        }
    }

    private readonly bool IsDot(int i) => Is(i, ".");

    private readonly bool IsName(int i) =>
        i >= 0 && i < _tokens.Count && (_tokens[i].Kind is TokenKind.Word or TokenKind.QuotedName);

    private readonly bool Is(int i, ReadOnlySpan<char> text) => StatementOutline.Is(_sql, _tokens, i, text);

    private readonly string NameAt(int i) => Identifier.Of(_sql, _tokens[i]);

    private string Noted(int i)
    {
        var name = NameAt(i);
        _marks |= Keywords.IsSystemColumn(name) ? ShapeMarks.SystemColumn : ShapeMarks.None;
        _marks |= name.StartsWith("pg_temp", StringComparison.Ordinal) ? ShapeMarks.TemporarySchema : ShapeMarks.None;
        _marks |= Identifier.IsTooLong(name) ? ShapeMarks.LongName : ShapeMarks.None;
        return name;
    }
}
