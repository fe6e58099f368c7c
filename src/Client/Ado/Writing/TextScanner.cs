using System.Globalization;
using Broker.Client.Texts;

namespace Broker.Client.Ado.Writing;

/// <summary>
/// Finds what a command's text has for its provider: places of parameters, and semicolons between statements. Strings, quoted names and
/// comments are passed over whole; a semicolon in parentheses, or between BEGIN ATOMIC and END, ends no statement.
/// </summary>
internal ref struct TextScanner
{
    private readonly string _text;
    private int _at;
    private int _parentheses;
    private int _blocks;
    private bool _afterBegin;

    internal TextScanner(string text) => _text = text;

    /// <summary>
    /// The next place of a parameter, or a semicolon that ends a statement, which has length 1 and neither name nor position; false at
    /// the text's end. A name is a place only if there is a parameter of this name, which is not known here.
    /// </summary>
    internal bool TryNext(out Placeholder found)
    {
        while (_at < _text.Length)
        {
            var start = _at;
            switch (_text[start])
            {
                case '@' or ':' when Name() is { } name:
                    found = new(start, _at - start, name, 0);
                    return true;
                case '$' when start + 1 < _text.Length && char.IsAsciiDigit(_text[start + 1]):
                    _at = Characters.DigitsEnd(_text, start + 1);
                    found = new(start, _at - start, null, Position(_text.AsSpan(start + 1, _at - start - 1)));
                    return true;
                case ';' when _parentheses <= 0 && _blocks == 0:
                    _at++;
                    found = new(start, 1, null, 0);
                    return true;
                default:
                    Pass(_text[start]);
                    break;
            }
        }

        found = default;
        return false;
    }

    /// <summary>Whether what was found is the end of a statement.</summary>
    internal readonly bool IsEnd(Placeholder found) => _text[found.Start] == ';';

    // `::` is a cast and `@@` an operator, whatever follows.
    private string? Name()
    {
        var start = _at + 1;
        if (start >= _text.Length || !IsOfName(_text[start]) || (_at > 0 && _text[_at - 1] == _text[_at]))
            return null;
        var end = start + 1;
        while (end < _text.Length && IsOfName(_text[end]))
            end++;
        _at = end;
        return _text[start..end];
    }

    private static bool IsOfName(char c) => char.IsLetterOrDigit(c) || c is '_' or '.';

    private static int Position(ReadOnlySpan<char> digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : 0;

    /// <summary>Passes over one thing that concerns nobody.</summary>
    private void Pass(char first)
    {
        switch (first)
        {
            case '\'': To(LiteralScanner.Quoted(_text, _at, escapes: false)); break;
            case '"': To(LiteralScanner.Name(_text, _at)); break;
            case '-' when LiteralScanner.StartsComment(_text, _at): To(LiteralScanner.LineEnd(_text, _at)); break;
            case '/' when LiteralScanner.StartsComment(_text, _at): To(LiteralScanner.BlockComment(_text, _at)); break;
            case '$' when LiteralScanner.DollarTag(_text, _at) is > 0 and var tag: To(LiteralScanner.DollarQuoted(_text, _at, tag)); break;
            case 'e' or 'E' when _at + 1 < _text.Length && _text[_at + 1] == '\'':
                To(LiteralScanner.Quoted(_text, _at + 1, escapes: true));
                break;
            case '(': Step(ref _parentheses, 1); break;
            case ')': Step(ref _parentheses, -1); break;
            case var letter when Characters.StartsName(letter): Word(); break;
            default: _at++; break;
        }
    }

    // What does not end is the server's to refuse.
    private void To(int end) => _at = end < 0 ? _text.Length : end;

    private void Step(ref int depth, int by)
    {
        depth += by;
        _at++;
    }

    /// <summary>
    /// A word; those that begin and end the body of a function are counted, so that its semicolons are not taken for others.
    /// </summary>
    private void Word()
    {
        var end = Characters.NameEnd(_text, _at);
        var word = _text.AsSpan(_at, end - _at);
        _blocks += _afterBegin && Is(word, "atomic") ? 1
            : _blocks > 0 && Is(word, "case") ? 1
            : _blocks > 0 && Is(word, "end") ? -1
            : 0;
        _afterBegin = Is(word, "begin");
        _at = end;
    }

    private static bool Is(ReadOnlySpan<char> word, string wanted) => word.Equals(wanted, StringComparison.OrdinalIgnoreCase);
}
