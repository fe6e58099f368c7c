using Broker.PgWire.Values;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>Reads SET and RESET (manual, "SET", "RESET", "SET ROLE", "SET SESSION AUTHORIZATION").</summary>
internal static class SettingText
{
    /// <summary>What a text of one statement, which begins with SET or RESET, leaves in the session.</summary>
    internal static SessionTrace Read(string text)
    {
        var tokens = Lexer.Significant(text);
        var end = tokens.Count;
        while (end > 0 && tokens[end - 1].In(text) is ";")
        {
            end--;
        }
        if (end < 2)
        {
            return SessionTrace.Unknown;
        }
        var sql = text[tokens[0].Start..(tokens[end - 1].Start + tokens[end - 1].Length)];
        var reset = Is(0, "reset");
        var at = 1;
        if (!reset && Is(at, "local"))
        {
            return SessionTrace.None;
        }
        if (!reset && Is(at, "session") && !Is(at + 1, "authorization") && !Is(at + 1, "characteristics"))
        {
            at++;
        }
        if (Is(at, "transaction") && !reset)
        {
            return SessionTrace.None;
        }
        if (Is(at, "all") && reset)
        {
            return new(true, new(SettingChangeKind.ResetAll, "", WireText.Of(sql)));
        }
        return NameAt(at) is { } name ? new(true, new(reset ? SettingChangeKind.Reset : SettingChangeKind.Set, name, WireText.Of(sql))) : SessionTrace.Unknown;

        bool Is(int index, string word) => index < end && tokens[index].In(text).Equals(word, StringComparison.OrdinalIgnoreCase);

        string? NameAt(int index)
        {
            if (index >= end || tokens[index].Kind is not TokenKind.Word)
            {
                return null;
            }
            if (Is(index, "session"))
            {
                return Is(index + 1, "authorization") ? "session_authorization" : null;
            }
            if (Is(index, "time") && Is(index + 1, "zone"))
            {
                return "timezone";
            }
            if (Is(index, "names"))
            {
                return "client_encoding";
            }
            var name = tokens[index].In(text).ToString().ToLowerInvariant();
            // a parameter of an extension: two words with a dot
            return index + 2 < end && tokens[index + 1].In(text) is "." ? $"{name}.{tokens[index + 2].In(text).ToString().ToLowerInvariant()}" : name;
        }
    }
}
