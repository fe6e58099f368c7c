using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Sessions;

/// <summary>What is known of a commit that took effect.</summary>
/// <param name="TransactionId">The transaction's id (xid8); 0 when nothing was written.</param>
/// <param name="Unsent">Changes that other handles of the conversation track and have not sent: no part of the commit.</param>
/// <param name="Settled">Whether the connection was lost at COMMIT, and the outcome had to be asked for.</param>
/// <param name="Warnings">What was odd about its flushes without being wrong, such as rows to be deleted that were gone already.</param>
public sealed record CommitReceipt(ulong TransactionId, ImmutableArray<UnsentChanges> Unsent, bool Settled,
    ImmutableArray<string> Warnings);
