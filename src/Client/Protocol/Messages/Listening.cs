using Akka.Event;

namespace Broker.Client.Protocol.Messages;

/// <summary>
/// Listens on a channel until <see cref="StopListening"/> or the sender's death. Answered by <see cref="ListeningStarted"/>, then
/// <see cref="Notified"/>.
/// </summary>
/// <param name="Channel">The channel's name, as given to NOTIFY (it is quoted by the broker).</param>
public sealed record StartListening(string Channel) : IBrokerRequest;

/// <summary>LISTEN took effect on the server: what is notified from now on arrives.</summary>
public sealed record ListeningStarted(string Channel) : IBrokerReply;

/// <summary>One notification.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Payload">Its payload; empty when none was given.</param>
/// <param name="SenderPid">The server process that notified.</param>
public sealed record Notified(string Channel, string Payload, int SenderPid) : IBrokerReply;

/// <summary>The listening connection was lost and made anew: notifications in between may be missing.</summary>
public sealed record ListeningGap(string Channel) : IBrokerReply;

/// <summary>Ends listening on a channel for the sender.</summary>
public sealed record StopListening(string Channel) : IBrokerRequest, IDeadLetterSuppression;
