using System.Collections.Immutable;

namespace Broker.Client.Protocol.Values;

/// <summary>One SQL statement with positional parameters ($1, $2, ...). Values never become part of the text.</summary>
/// <param name="Text">The text, as PostgreSQL reads it.</param>
/// <param name="Parameters">The values of $1, $2, ... in order.</param>
public sealed record Statement(string Text, ImmutableArray<Parameter> Parameters)
{
    /// <summary>A statement without parameters.</summary>
    public Statement(string text) : this(text, []) { }
}
