using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Writing;

/// <summary>How a parameter's value goes to the server.</summary>
/// <param name="Value">
/// The value. Null for a NULL of no type: it stands in the text as the word, so that the server finds its type where it stands.
/// </param>
/// <param name="Cast">
/// The PostgreSQL type that the text casts it to, for those that no value of the protocol has; null for none.
/// </param>
internal sealed record SentValue(Parameter? Value, string? Cast = null)
{
    /// <summary>A NULL of no type.</summary>
    internal static SentValue UntypedNull { get; } = new((Parameter?)null);

    /// <summary>Whether its number is all that stands for it in a text.</summary>
    internal bool IsPlain => Value is not null && Cast is null;
}
