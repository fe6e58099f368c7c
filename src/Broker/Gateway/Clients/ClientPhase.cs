namespace Broker.Gateway.Clients;

/// <summary>What a client that was let in is doing; the same words in log and metric.</summary>
internal enum ClientPhase
{
    /// <summary>It has said nothing that is not answered.</summary>
    Ready,

    /// <summary>What it has sent waits for a link, or is carried out outside a transaction.</summary>
    Errand,

    /// <summary>It is in a transaction, and has a link.</summary>
    InTransaction,

    /// <summary>It has a link for as long as it stays.</summary>
    Pinned,

    /// <summary>It is told why it is closed.</summary>
    Closing,
}
