using Broker.Settlement;

namespace Broker.Errands;

/// <summary>What bounds a connection's trips, from `broker.packing` and `broker.errands`.</summary>
/// <param name="LockTimeout">How long a member of a group may wait for a lock.</param>
/// <param name="ReplyLimit">The largest answer of a group's member, in bytes.</param>
/// <param name="ResultLimit">The largest answer of an errand, in bytes.</param>
/// <param name="TextsPrepared">How many texts are kept prepared.</param>
internal sealed record TripLimits(TimeSpan LockTimeout, long ReplyLimit, long ResultLimit, int TextsPrepared)
{
    /// <summary>Where idempotency keys are kept; null when there is no ledger.</summary>
    internal LedgerTable? Ledger { get; init; }

    /// <summary>How large the answer of one errand may be, in bytes: what its caller says, else <see cref="ResultLimit"/>.</summary>
    internal long ResultLimitOf(Errand errand) => errand.Request.Limits.ResultBytes ?? ResultLimit;
}
