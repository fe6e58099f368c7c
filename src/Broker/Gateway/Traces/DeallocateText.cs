using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>Reads what ends prepared statements (manual, "DEALLOCATE", "DISCARD").</summary>
internal static class DeallocateText
{
    /// <summary>
    /// What a text of one statement, which begins with DEALLOCATE, leaves in the session; it names what it ends, unless that is all.
    /// </summary>
    internal static SessionTrace Read(string text)
    {
        List<Token> tokens = [.. Lexer.Significant(text).Where(token => !token.In(text).Equals(";", StringComparison.Ordinal))];
        // a statement may be called prepare
        var name = StatementOutline.Is(text, tokens, 1, "prepare") && tokens.Count > 2 ? 2 : 1;
        if (tokens.Count != name + 1 || tokens[name].Kind is not (TokenKind.Word or TokenKind.QuotedName))
        {
            return SessionTrace.Discarded;
        }
        return tokens[name].Kind is TokenKind.Word && StatementOutline.Is(text, tokens, name, "all")
            ? SessionTrace.Discarded
            : SessionTrace.Unknown with { Deallocates = Identifier.Of(text, tokens[name]) };
    }

    /// <summary>The same of one which begins with DISCARD.</summary>
    internal static SessionTrace ReadDiscard(string text) =>
        StatementOutline.Is(text, Lexer.Significant(text), 1, "all") ? SessionTrace.Discarded : SessionTrace.Unknown;
}
