using Broker.Configuration;
using Broker.PgWire.Messages;

namespace Broker.Gateway.Clients;

/// <summary>What a client that was let in is doing; the same words in log and metric.</summary>
internal enum ClientPhase
{
    /// <summary>It has said nothing that is not answered.</summary>
    Ready,

    /// <summary>What it has sent waits for a link, or is carried out outside a transaction.</summary>
    Errand,

    /// <summary>It is in a transaction, and has a link unless the server has not heard of it yet.</summary>
    InTransaction,

    /// <summary>It has a link for as long as it stays.</summary>
    Pinned,

    /// <summary>It is told why it is closed.</summary>
    Closing,
}

/// <summary>Names it.</summary>
internal static class ClientPhases
{
    /// <summary>What a client is doing.</summary>
    /// <param name="closing">Whether it is being closed.</param>
    /// <param name="waits">Whether what it has sent waits, or is carried with that of others.</param>
    /// <param name="hasLink">Whether it has a link.</param>
    /// <param name="status">Where it stands.</param>
    /// <param name="mode">How long it keeps a link.</param>
    internal static ClientPhase Of(bool closing, bool waits, bool hasLink, TransactionStatus status, PoolMode mode) =>
        closing ? ClientPhase.Closing
        : hasLink && mode is PoolMode.Session ? ClientPhase.Pinned
        : status is not TransactionStatus.Idle && !waits ? ClientPhase.InTransaction
        : hasLink || waits ? ClientPhase.Errand
        : ClientPhase.Ready;
}
