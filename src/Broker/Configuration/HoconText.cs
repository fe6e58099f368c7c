using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>
/// Reads a HOCON text only for its shape, before Akka's parser does, because that parser accepts an unclosed brace or
/// quote in silence, takes <c>+=</c> for a part of the key and says of other mistakes only a position. Also notes the
/// line of every key, for the messages about its value. Nothing it says contains a value.
/// </summary>
internal sealed class HoconText
{
    // what the HOCON specification keeps out of unquoted strings; in a list the parser looks at one of these for ever
    private const string NeedsQuotes = "=:[{$?!@*&^`\\";

    private readonly string _text;
    private readonly string _name;
    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);
    private readonly List<SettingsProblem> _problems = [];
    private readonly List<(string Path, string Of, int Line)> _references = [];
    private int _at;
    private int _line = 1;

    private HoconText(string text, string name)
    {
        _text = text;
        _name = name;
    }

    /// <summary>The line on which the key at a path was last set.</summary>
    public IReadOnlyDictionary<string, int> Lines => _lines;

    public ImmutableArray<SettingsProblem> Problems => [.. _problems];

    private char Now => _at < _text.Length ? _text[_at] : '\0';

    /// <summary>Reads a text to its end; mistakes are in <see cref="Problems"/>.</summary>
    public static HoconText Read(string text, string name)
    {
        var reader = new HoconText(text, name);
        reader.SkipBlanks();
        if (reader.Now == '{')
        {
            reader.Braces("");
            reader.SkipBlanks();
        }

        reader.Members("", null);
        reader.RefuseCircles();
        return reader;
    }

    private void Members(string prefix, int? opened)
    {
        while (true)
        {
            SkipBlanks(commas: true);
            switch (Now)
            {
                case '\0':
                    if (opened is { } line)
                    {
                        Note(line, "the brace opened here is never closed");
                    }

                    return;
                case '}' when opened is not null:
                    _at++;
                    return;
                case '}' or ']' or '[' or '=' or ':':
                    Note(_line, $"an unexpected {Now}: nothing before it asks for it");
                    _at++;
                    break;
                default:
                    Member(prefix);
                    break;
            }
        }
    }

    private void Member(string prefix)
    {
        var line = _line;
        var key = Key();
        var path = prefix.Length == 0 ? key : $"{prefix}.{key}";
        _lines[path] = line;
        if (key.StartsWith("include ", StringComparison.Ordinal))
        {
            Note(line, "include is not available here; give the files together instead");
        }
        else if (key.EndsWith('+'))
        {
            Note(line, $"{path.TrimEnd('+', ' ')} += does not append; write the whole list");
        }

        SkipBlanks();
        if (Now == '{')
        {
            Braces(path);
        }
        else if (Now is '=' or ':')
        {
            _at++;
            Value(path, line);
        }
        else
        {
            Note(line, $"{path} has no value");
        }
    }

    // up to what ends a key; quoted parts lose their quotes, as in the parser
    private string Key()
    {
        var start = _at;
        while (Now is not ('\0' or '=' or ':' or '{' or '}' or '\n' or '#' or ','))
        {
            if (Now == '"')
            {
                var open = _at;
                Quoted();
                if (_text.AsSpan(open, _at - open).ContainsAny('\\', '\n') || _text.AsSpan(open).StartsWith("\"\"\""))
                {
                    Note(_line, "a key in quotes is one line between two \", without a backslash");
                }
            }
            else
            {
                if (Now == ']' || NeedsQuotes.Contains(Now))
                {
                    Note(_line, $"a key contains '{Now}'; put that part of it in quotes");
                }

                _at++;
            }
        }

        return _text[start.._at].Replace("\"", "", StringComparison.Ordinal).Trim();
    }

    private void Value(string path, int line)
    {
        SkipBlanks();
        switch (Now)
        {
            case '{':
                Braces(path);
                break;
            case '[':
                Brackets(path);
                break;
            case '\0' or '}' or ',':
                Note(line, $"{path} has no value");
                break;
            default:
                Scalar(path, line);
                break;
        }
    }

    private void Scalar(string path, int line)
    {
        while (Now is not ('\0' or '\n' or ',' or '}' or ']' or '#') && !Comment())
        {
            if (Now == '"')
            {
                Quoted();
                continue;
            }

            if (Now == '$' && _at + 1 < _text.Length && _text[_at + 1] == '{')
            {
                Substitution(path);
                continue;
            }

            if (NeedsQuotes.Contains(Now))
            {
                Note(line,
                    $"{path}: an unquoted value contains '{Now}'; put the value in quotes, or a comma or new line between two settings");
                SkipLine();
                return;
            }

            _at++;
        }
    }

    private void Substitution(string path)
    {
        var end = _text.IndexOf('}', _at);
        var inner = end < 0 ? "" : _text[(_at + 2)..end];
        if (inner.StartsWith('?') || !_lines.ContainsKey(inner))
        {
            _problems.Add(new SettingsProblem(path, null, Where(_line), $"${{{inner}}}: {SettingsNode.Substitution.Advice}"));
        }

        _references.Add((path, inner, _line));
        _at = end < 0 ? _text.Length : end + 1;
    }

    // the parser makes a value that contains itself, and whoever walks it never returns
    private void RefuseCircles()
    {
        foreach (var (path, of, line) in _references)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var next = new Stack<string>([of]);
            while (next.TryPop(out var at))
            {
                if (Touch(at, path))
                {
                    Note(line, $"{path}: ${{{of}}} leads back to {path}");
                    break;
                }

                foreach (var onward in _references.Where(onward => Touch(onward.Path, at) && seen.Add(onward.Of)))
                {
                    next.Push(onward.Of);
                }
            }
        }
    }

    // a path touches itself, what is under it and what it is under
    private static bool Touch(string one, string other) =>
        $"{one}.".StartsWith($"{other}.", StringComparison.Ordinal) || $"{other}.".StartsWith($"{one}.", StringComparison.Ordinal);

    private void Braces(string path)
    {
        var line = _line;
        _at++;
        Members(path, line);
        while (Now is ' ' or '\t')
        {
            _at++;
        }

        if (Now == ',')
        {
            Note(_line, $"the parser refuses a comma behind the }} that closes {path}; remove it");
        }
    }

    private void Brackets(string path)
    {
        var line = _line;
        _at++;
        while (true)
        {
            SkipBlanks(commas: true);
            switch (Now)
            {
                case ']':
                    _at++;
                    return;
                case '\0' or '}':
                    Note(line, $"{path}: the bracket opened here is never closed");
                    return;
                case '{':
                    Braces(path);
                    break;
                case '[':
                    Brackets(path);
                    break;
                default:
                    Scalar(path, _line);
                    break;
            }
        }
    }

    private void Quoted()
    {
        var line = _line;
        var quote = _text.AsSpan(_at).StartsWith("\"\"\"") ? "\"\"\"" : "\"";
        _at += quote.Length;
        while (_at < _text.Length && !_text.AsSpan(_at).StartsWith(quote))
        {
            if (Now == '\n' && quote.Length == 1)
            {
                break;
            }

            _line += Now == '\n' ? 1 : 0;
            _at += Now == '\\' && quote.Length == 1 ? 2 : 1;
        }

        if (_at < _text.Length && Now == '"')
        {
            _at += quote.Length;
            return;
        }

        Note(line, "the quote opened here is never closed");
        _at = Math.Min(_at, _text.Length);
    }

    private void SkipBlanks(bool commas = false)
    {
        while (_at < _text.Length)
        {
            if (Now == '\n')
            {
                _line++;
                _at++;
            }
            else if (char.IsWhiteSpace(Now) || (commas && Now == ','))
            {
                _at++;
            }
            else if (Now == '#' || Comment())
            {
                SkipLine();
            }
            else
            {
                return;
            }
        }
    }

    private bool Comment() => Now == '/' && _at + 1 < _text.Length && _text[_at + 1] == '/';

    private void SkipLine()
    {
        while (Now is not ('\0' or '\n'))
        {
            _at++;
        }
    }

    private void Note(int line, string text) => _problems.Add(new SettingsProblem("", null, Where(line), text));

    private string Where(int line) => $"{_name}, line {line}";
}
