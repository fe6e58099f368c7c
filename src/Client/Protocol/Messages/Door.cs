using Akka.Event;

namespace Broker.Client.Protocol.Messages;

/// <summary>
/// A remote client asks to be let in: the first message of every connection, told to the door. Answered by <see cref="Challenged"/> or
/// <see cref="Refused"/>. All else that client and broker tell each other travels in <see cref="LinkFrame"/>s between the two ends that
/// <see cref="Admitted"/> makes known to each other.
/// </summary>
/// <param name="Oldest">The oldest version of the protocol that the client speaks.</param>
/// <param name="Newest">The newest one.</param>
/// <param name="Broker">The name of the broker that it wants, as in its address.</param>
/// <param name="User">Who it is.</param>
/// <param name="Client">Names the client; the same again when it comes back over another connection.</param>
/// <param name="First">The client's first message of SCRAM-SHA-256 (RFC 5802, section 3).</param>
public sealed record Hello(int Oldest, int Newest, string Broker, string User, ClientId Client, ReadOnlyMemory<byte> First)
    : IBrokerRequest, IDeadLetterSuppression
{
    /// <summary>How many bytes of answers it takes in pieces, all of them together; 0 when it does not say.</summary>
    public long LargestAnswers { get; init; }
}

/// <summary>The broker asks for the proof. Its sender is to be told <see cref="ProveUser"/>.</summary>
/// <param name="ServerFirst">The server's first message of SCRAM.</param>
public sealed record Challenged(ReadOnlyMemory<byte> ServerFirst) : IBrokerReply;

/// <summary>The client's proof. Answered by <see cref="Admitted"/> or <see cref="Refused"/> with <c>LoginRefused</c>.</summary>
/// <param name="ClientFinal">The client's last message of SCRAM.</param>
/// <param name="Received">Up to which of the broker's frames it has everything, from an earlier connection; 0 for a new client.</param>
public sealed record ProveUser(ReadOnlyMemory<byte> ClientFinal, long Received) : IBrokerRequest, IDeadLetterSuppression;

/// <summary>The client is in. Its sender is the broker's end of the link.</summary>
/// <param name="Version">The version of the protocol that both speak from now on.</param>
/// <param name="ServerFinal">The server's last message of SCRAM, by which it proves that it knows the user too.</param>
/// <param name="Resumed">
/// Whether the broker still has what the client left behind at its last connection. If not, all references that it was given are of nobody,
/// and what it had asked for and was not answered may have taken effect or not.
/// </param>
/// <param name="Received">Up to which of the client's frames the broker has everything.</param>
/// <param name="Heartbeat">How long either end may be silent.</param>
/// <param name="SilenceLimit">After how much silence the broker takes the client for dead.</param>
public sealed record Admitted(
    int Version, ReadOnlyMemory<byte> ServerFinal, bool Resumed, long Received, TimeSpan Heartbeat, TimeSpan SilenceLimit) : IBrokerReply
{
    /// <summary>How many bytes of requests the broker takes in pieces, all of them together; 0 when it does not say.</summary>
    public long LargestRequests { get; init; }
}

/// <summary>Messages of several callers on their way together, in one direction.</summary>
/// <param name="Sequence">Counts the frames of its sender from 1; 0 for one that carries nothing and only acknowledges.</param>
/// <param name="Acknowledged">Up to which frame of the other end everything was received.</param>
/// <param name="Content">The messages.</param>
public sealed record LinkFrame(long Sequence, long Acknowledged, ReadOnlyMemory<byte> Content)
    : IBrokerRequest, IBrokerReply, IDeadLetterSuppression;

/// <summary>The client goes and does not come back. Not answered.</summary>
public sealed record Goodbye : IBrokerRequest, IDeadLetterSuppression
{
    /// <summary>The only one.</summary>
    public static Goodbye Instance { get; } = new();
}
