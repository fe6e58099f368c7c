namespace Broker.PgWire.Values;

/// <summary>
/// Why bytes are not of the protocol. The peer that sent them cannot be understood any more, and its connection is closed.
/// </summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Text">The same in words, with the figures.</param>
public sealed record WireError(WireErrorKind Kind, string Text);

/// <summary>What can be wrong with bytes.</summary>
public enum WireErrorKind
{
    /// <summary>No message has this type, or none that may come here.</summary>
    UnknownType,

    /// <summary>The length is below 4, or above what a message of this type may have.</summary>
    BadLength,

    /// <summary>The body ends before its fields do.</summary>
    TooShort,

    /// <summary>The body goes on behind its fields.</summary>
    TooLong,

    /// <summary>A field has a value that the manual does not know.</summary>
    BadField,
}
