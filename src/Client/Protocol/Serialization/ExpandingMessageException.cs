namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// A message that would take many times more memory than it has bytes. It is one of ours, so whoever sent it is told, and goes on.
/// </summary>
internal sealed class ExpandingMessageException : Exception
{
    /// <summary>As it is.</summary>
    internal ExpandingMessageException() : base("the message would take too much memory for its bytes")
    {
    }
}
