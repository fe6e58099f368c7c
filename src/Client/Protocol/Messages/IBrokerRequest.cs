namespace Broker.Client.Protocol.Messages;

/// <summary>
/// What a client sends to the broker. Every request is answered exactly once to its sender: by the reply that its own
/// documentation names, or by <see cref="Refused"/>. A request that reaches nobody is answered by the broker's dead-letter watch.
/// </summary>
public interface IBrokerRequest;

/// <summary>What the broker answers to a request.</summary>
public interface IBrokerReply;

/// <summary>The answer to a request that was not carried out, with the reason.</summary>
/// <param name="Failure">What went wrong, and whether the work surely did not happen.</param>
public sealed record Refused(Failures.Failure Failure) : IBrokerReply;
