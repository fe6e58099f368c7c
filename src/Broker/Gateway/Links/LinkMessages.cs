using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Gateway.Links;

/// <summary>What the share of a pool, or who has borrowed a link, tells the link's actor.</summary>
internal static class LinkCommands
{
    /// <summary>
    /// The link is back, with its port, and nobody knows yet whether it is fit for the next: what is under way is cancelled and read to its
    /// end, a transaction rolled back, a cancel request waited for. Answered to the share by <see cref="LinkEvents.Cleaned"/> or
    /// <see cref="LinkEvents.Closed"/>.
    /// </summary>
    /// <param name="Discard">Whether the session may hold what its last user left in it, so that DISCARD ALL is needed.</param>
    internal sealed record Clean(bool Discard) : INoSerializationVerificationNeeded;

    /// <summary>
    /// Asks the server, over a connection of its own, to cancel what the link does. May come while the link is lent; the link is not
    /// released before that connection is closed.
    /// </summary>
    /// <param name="Borrower">Whose: when the link has gone to another meanwhile, nothing is cancelled. Null: whoever has it.</param>
    /// <param name="Asker">Whom to tell <see cref="Clients.CancelOver"/>.</param>
    internal sealed record Cancel(IActorRef? Borrower = null, IActorRef? Asker = null) : INoSerializationVerificationNeeded
    {
        internal static readonly Cancel Instance = new();
    }

    /// <summary>
    /// Ends the link, whatever it does; its port was given back if it was lent. Answered by <see cref="LinkEvents.Closed"/>.
    /// </summary>
    internal sealed record Close(CloseReason Reason) : INoSerializationVerificationNeeded;
}

/// <summary>What a link's actor tells its parent, the share of its pool on the loop.</summary>
internal static class LinkEvents
{
    /// <summary>It is open and idle.</summary>
    internal sealed record Opened(WireLink Link) : INoSerializationVerificationNeeded;

    /// <summary>It could not be opened; its actor ends.</summary>
    internal sealed record OpenFailed(LeaseId Slot, Failure Failure, BackendIdentity? LeftBehind) : INoSerializationVerificationNeeded;

    /// <summary>It is idle again, and as new.</summary>
    internal sealed record Cleaned(WireLink Link) : INoSerializationVerificationNeeded;

    /// <summary>It is closed, and its actor ends. Not clean: the server may still have its process.</summary>
    internal sealed record Closed(WireLink Link, CloseReason Reason, bool Clean) : INoSerializationVerificationNeeded;
}

/// <summary>What a link is doing; the same words in log and metric.</summary>
internal enum LinkPhase
{
    /// <summary>Connecting and logging in.</summary>
    Connecting,

    /// <summary>Nobody has it; its actor hears what the server says unasked.</summary>
    Idle,

    /// <summary>It carries statements of several clients.</summary>
    Errand,

    /// <summary>A client has it.</summary>
    Lent,

    /// <summary>It is made fit for the next.</summary>
    Cleaning,

    /// <summary>It ends.</summary>
    Closing,
}
