namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// Bytes that are no message of ours: cut off, changed on their way, or written by somebody who does not speak the protocol. The one
/// exception that reading throws, whatever the bytes are.
/// </summary>
internal sealed class MalformedMessageException : Exception
{
    /// <summary>Says what is wrong with the bytes.</summary>
    internal MalformedMessageException(string message) : base(message)
    {
    }

    /// <summary>Says what is wrong with the bytes, and what found it.</summary>
    internal MalformedMessageException(string message, Exception inner) : base(message, inner)
    {
    }
}
