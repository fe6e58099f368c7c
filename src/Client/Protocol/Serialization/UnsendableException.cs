
namespace Broker.Client.Protocol.Serialization;

/// <summary>Something in a message has no wire form. Leaves <see cref="MessageCodec"/> only as what its caller is told.</summary>
internal sealed class UnsendableException : Exception
{
    /// <summary>Says why.</summary>
    internal UnsendableException(Failure failure) : base(failure.Message) => Failure = failure;

    /// <summary>The reason for a value that threw while it was read.</summary>
    internal static string WhyUnreadable(Exception exception) => $"it cannot be read ({exception.GetType().Name}: {exception.Message})";

    /// <summary>What the one who waits for the message is to be told.</summary>
    internal Failure Failure { get; }
}
