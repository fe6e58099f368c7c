using Akka.Actor;

namespace Broker.Client.Remote.Links;

/// <summary>What the link's actor is told.</summary>
internal static class LinkMessages
{
    /// <summary>
    /// Something for an actor of the broker; its sender is who is to be answered. As a dead letter it is answered for as a request is.
    /// </summary>
    internal sealed record Send(RemoteRef To, object Message) : INoSerializationVerificationNeeded;

    /// <summary>Somebody wants to hear of an actor's death.</summary>
    internal sealed record WatchFor(RemoteRef Watched, IActorRef Watcher) : INoSerializationVerificationNeeded;

    /// <summary>Somebody does not want to hear of it any more.</summary>
    internal sealed record UnwatchFor(RemoteRef Watched, IActorRef Watcher) : INoSerializationVerificationNeeded;

    /// <summary>
    /// Asks for the link to be open. Answered by <see cref="Opened"/>, or <see cref="Protocol.Messages.Refused"/>, also as a dead letter.
    /// </summary>
    internal sealed record Open(TimeSpan Within) : INoSerializationVerificationNeeded;

    /// <summary>The broker is reached.</summary>
    internal sealed record Opened(IActorRef Broker) : INoSerializationVerificationNeeded;

    /// <summary>Ends the link; answered by <see cref="Closed"/>.</summary>
    internal sealed record Close : INoSerializationVerificationNeeded
    {
        internal static readonly Close Instance = new();
    }

    /// <summary>The broker has been told goodbye.</summary>
    internal sealed record Closed : INoSerializationVerificationNeeded
    {
        internal static readonly Closed Instance = new();
    }

    /// <summary>Something that came over a wire.</summary>
    internal sealed record FromWire(Wire Wire, object Message, IActorRef Sender) : INoSerializationVerificationNeeded;

    /// <summary>A wire was made; nothing was told over it yet.</summary>
    /// <param name="Making">For whom: an actor that failed may still hear of what was made for it before.</param>
    /// <param name="Wire">The wire.</param>
    internal sealed record WireMade(WireMaking Making, Wire Wire) : INoSerializationVerificationNeeded;

    /// <summary>None could be made.</summary>
    internal sealed record WireFailed(WireMaking Making, string Cause) : INoSerializationVerificationNeeded;

    /// <summary>A wire broke.</summary>
    internal sealed record WireBroken(Wire Wire, string Cause) : INoSerializationVerificationNeeded;
}
