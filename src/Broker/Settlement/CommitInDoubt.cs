using Broker.Connections;

namespace Broker.Settlement;

/// <summary>A transaction whose connection was lost before its COMMIT was answered, and what is known of it.</summary>
/// <param name="Backend">The server process that ran it, as noted when its connection was opened.</param>
/// <param name="TransactionId">Its xid8, if the server had told it before the cut.</param>
/// <param name="CommitSent">Whether COMMIT may have been sent. False decides alone: the server rolls back what nobody commits.</param>
/// <param name="Key">The idempotency key it wrote into the ledger within the same transaction, if any.</param>
internal sealed record CommitInDoubt(BackendIdentity Backend, ulong? TransactionId, bool CommitSent, string? Key = null);
