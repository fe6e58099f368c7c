using System.Collections.Immutable;

namespace Broker.Settlement;

/// <summary>What the ledger says of a key, for ever (until it is pruned).</summary>
internal enum LedgerVerdict
{
    /// <summary>The write of this key is committed.</summary>
    Done,
    /// <summary>A settlement found no commit of this key and forbade one: a late original fails on it.</summary>
    Refused,
}

/// <summary>What a write answered, so that a repeat can be told the same.</summary>
/// <param name="Verb">The command tag's verb, such as INSERT.</param>
/// <param name="Affected">Rows affected.</param>
/// <param name="Rows">The encoded rows of RETURNING; null when there are none, or when they were too many to keep.</param>
internal sealed record RecordedResult(string Verb, long Affected, ImmutableArray<byte>? Rows = null);

/// <summary>One row of the ledger.</summary>
/// <param name="Key">The idempotency key.</param>
/// <param name="Verdict">What became of it.</param>
/// <param name="Fingerprint">What was asked under this key, see <see cref="LedgerFingerprint"/>; 0 in a refusal.</param>
/// <param name="Result">What it answered; null if that was not recorded, or for a refusal.</param>
internal sealed record LedgerEntry(string Key, LedgerVerdict Verdict, long Fingerprint, RecordedResult? Result);
