using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>Reads DEALLOCATE (manual, "DEALLOCATE").</summary>
internal static class DeallocateText
{
    /// <summary>What a text of one statement, which begins with DEALLOCATE, leaves in the session; it names what it ends, unless that is all.</summary>
    internal static SessionTrace Read(string text)
    {
        List<Token> tokens = [.. Lexer.Significant(text).Where(token => !token.In(text).Equals(";", StringComparison.Ordinal))];
        // a statement may be called prepare
        var name = StatementOutline.Is(text, tokens, 1, "prepare") && tokens.Count > 2 ? 2 : 1;
        if (tokens.Count != name + 1 || tokens[name].Kind is not (TokenKind.Word or TokenKind.QuotedName))
        {
            return SessionTrace.Unknown;
        }
        return tokens[name].Kind is TokenKind.Word && StatementOutline.Is(text, tokens, name, "all")
            ? SessionTrace.Unknown
            : SessionTrace.Unknown with { Deallocates = Identifier.Of(text, tokens[name]) };
    }
}
