using System.Collections.Frozen;
using Broker.PgWire.Values;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>
/// Reads SET and RESET (manual, "SET", "RESET", "SET ROLE", "SET SESSION AUTHORIZATION", "SET TRANSACTION", "SET CONSTRAINTS").
/// </summary>
internal static class SettingText
{
    private static readonly FrozenSet<string> Meanings = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "search_path", "role", "session_authorization", "client_encoding", "standard_conforming_strings",
            "session_replication_role");

    // '01/02/2003' is a date of January or of February, decided when the text is prepared
    private static readonly FrozenSet<string> Readings = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "datestyle", "intervalstyle",
        "timezone");

    /// <summary>Whether a text may mean something else, or run something else, where a setting has another value.</summary>
    internal static bool ChangesMeaning(string setting) => Meanings.Contains(setting);

    /// <summary>Whether a server reads a text otherwise, its values too, where a setting that it reports has another value.</summary>
    internal static bool IsReadBy(string setting) => ChangesMeaning(setting) || Readings.Contains(setting);

    /// <summary>What a text of one statement, which begins with SET or RESET, leaves in the session.</summary>
    internal static SessionTrace Read(string text)
    {
        var reader = new Reader(text);
        return reader.Skip("reset") ? OfReset(ref reader) : reader.Skip("set") ? OfSet(ref reader) : SessionTrace.Unknown;
    }

    private static SessionTrace OfReset(ref Reader reader)
    {
        if (reader.Skip("all"))
        {
            return reader.Change(SettingChangeKind.ResetAll, "");
        }
        // the isolation of the transaction under way
        return reader.Skip("transaction") || reader.Name() is not { } name
            ? SessionTrace.Unknown
            : reader.Change(SettingChangeKind.Reset, name);
    }

    private static SessionTrace OfSet(ref Reader reader)
    {
        if (reader.Skip("constraints"))
        {
            return SessionTrace.None;
        }
        var isLocal = reader.Skip("local");
        if (!isLocal && !reader.IsNext("session", "authorization") && !reader.IsNext("session", "characteristics"))
        {
            reader.Skip("session");
        }
        if (reader.Skip("transaction"))
        {
            return SessionTrace.None;
        }
        if (reader.Name() is not { } name)
        {
            return SessionTrace.Unknown;
        }
        // What is local to a transaction changes what its other texts mean, and they are judged as if it did not.
        return !isLocal ? reader.Change(SettingChangeKind.Set, name) : ChangesMeaning(name) ? SessionTrace.Unknown : SessionTrace.None;
    }

    private ref struct Reader
    {
        private readonly string _text;
        private readonly List<Token> _tokens;
        private readonly int _end;
        private int _at;

        internal Reader(string text)
        {
            (_text, _tokens) = (text, Lexer.Significant(text));
            _end = _tokens.Count;
            while (_end > 0 && Is(_end - 1, ";"))
            {
                _end--;
            }
            while (Is(_at, ";"))
            {
                _at++;
            }
        }

        /// <summary>Skips a word of the grammar. With a dot behind it, it is the first part of a name.</summary>
        internal bool Skip(string word)
        {
            var skips = Is(_at, word) && !Is(_at + 1, ".");
            _at += skips ? 1 : 0;
            return skips;
        }

        internal readonly bool IsNext(string first, string second) => Is(_at, first) && Is(_at + 1, second);

        /// <summary>The setting that is named next; null when there is none that is known to be one.</summary>
        internal readonly string? Name()
        {
            if (IsNext("session", "authorization"))
            {
                return "session_authorization";
            }
            if (IsNext("time", "zone"))
            {
                return "timezone";
            }
            if (IsNext("xml", "option"))
            {
                return "xmloption";
            }
            if (_at >= _end || Part(_at) is not { } name)
            {
                return null;
            }
            if (!Is(_at + 1, "."))
            {
                return Is(_at, "names") ? "client_encoding"
                    : Is(_at, "schema") ? "search_path"
                    : Is(_at, "session") || Is(_at, "local") ? null
                    : name;
            }
            // a parameter of an extension
            for (var at = _at + 1; at < _end && Is(at, "."); at += 2)
            {
                if (at + 1 >= _end || Part(at + 1) is not { } part)
                {
                    return null;
                }
                name = $"{name}.{part}";
            }
            return name;
        }

        internal readonly SessionTrace Change(SettingChangeKind kind, string name)
        {
            var first = 0;
            while (Is(first, ";"))
            {
                first++;
            }
            var last = _tokens[_end - 1];
            return new(true, new(kind, name, WireText.Of(_text[_tokens[first].Start..(last.Start + last.Length)])));
        }

        private readonly bool Is(int index, string word) =>
            index < _tokens.Count && _tokens[index].In(_text).Equals(word, StringComparison.OrdinalIgnoreCase);

        // settings are found whatever the case, in quotes too
        private readonly string? Part(int index) =>
            _tokens[index].Kind is TokenKind.Word or TokenKind.QuotedName
                && Identifier.Of(_text, _tokens[index]).ToLowerInvariant() is var name
                && !name.Contains('"')
                ? name : null;
    }
}
