using System.Collections.Immutable;
using Akka.Event;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Messages;

/// <summary>
/// Runs one autocommit statement. It may travel in one round trip with statements of other callers; nobody can tell.
/// Answered by <see cref="ErrandCompleted"/> or <see cref="Refused"/>. Errands of one caller are ordered only when each is awaited.
/// </summary>
/// <param name="Id">Names the errand for <see cref="CancelErrand"/>.</param>
/// <param name="Statement">The text and its parameters.</param>
/// <param name="Context">Role, search path and settings that hold for this statement only.</param>
/// <param name="Limits">How long it may wait and how much it may answer.</param>
public sealed record RunErrand(ErrandId Id, Statement Statement, CallerContext Context, ErrandLimits Limits) : IBrokerRequest
{
    /// <summary>
    /// The caller's activity as a W3C traceparent, so that the broker can add to it where the time went; null when it is not traced.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>
    /// What makes a unit of the errand; null for an ordinary one. The broker's own conversations send units, as their commit in one round
    /// trip.
    /// </summary>
    public ErrandUnit? Unit { get; init; }

    /// <summary>
    /// Whether it was sent before to a broker that has forgotten it, so that it may have been run. It is run again only where that does no
    /// harm, as for a read, or where its idempotency key tells; else it is refused with <c>OutcomeUnknown</c>.
    /// </summary>
    public bool SentBefore { get; init; }
}

/// <summary>
/// Makes of an errand a unit: <see cref="RunErrand.Statement"/> and those that follow it are one transaction, all of them or none, in one
/// round trip. The transaction's id is known before its COMMIT, so that its outcome is settled when the connection is lost in the middle.
/// Deferred constraints are checked at its end. It takes no <see cref="ErrandLimits.IdempotencyKey"/>. One that fails is answered by
/// <see cref="Refused"/> with a <c>StatementFailed</c> that names which of its statements failed.
/// </summary>
/// <param name="More">The statements behind the first, in their order; may be empty.</param>
public sealed record ErrandUnit(ImmutableArray<Statement> More)
{
    /// <summary>Of the errand's one statement.</summary>
    public static ErrandUnit OfOne { get; } = new([]);
}

/// <summary>Limits of one errand; null means the pool's setting.</summary>
/// <param name="Wait">
/// How long it may wait in line (`broker.pool.acquire-timeout`): not at all when it is below zero, for ever above a thousand days.
/// </param>
/// <param name="ResultBytes">How many bytes of rows it may answer (`broker.errands.result-limit`).</param>
/// <param name="IdempotencyKey">
/// With a ledger configured: the key under which the write is recorded, so that it happens once however often it is sent.
/// </param>
public sealed record ErrandLimits(TimeSpan? Wait = null, long? ResultBytes = null, string? IdempotencyKey = null)
{
    /// <summary>All by the pool's settings.</summary>
    public static ErrandLimits Default { get; } = new();
}

/// <summary>
/// Leaves the line, or cancels on the server when the statement runs alone there. Never cancels a group. There is no
/// answer of its own: the errand itself is answered, by <see cref="Refused"/> with <c>Cancelled</c> or by its true outcome.
/// </summary>
/// <param name="Id">Which errand.</param>
public sealed record CancelErrand(ErrandId Id) : IBrokerRequest, IDeadLetterSuppression;

/// <summary>The errand's statement took effect and its transaction is committed.</summary>
/// <param name="Verb">The command tag's verb, such as SELECT or INSERT.</param>
/// <param name="Affected">Rows inserted, updated, deleted or merged; -1 when the statement changes no rows.</param>
/// <param name="Rows">The rows it answered; empty when none.</param>
public sealed record ErrandCompleted(string Verb, long Affected, RowSet Rows) : IBrokerReply
{
    /// <summary>What the statements of <see cref="ErrandUnit.More"/> answered, in their order; empty for others.</summary>
    public ImmutableArray<ErrandCompleted> More { get; init; } = [];

    /// <summary>The id (xid8) of a unit's transaction; 0 for others.</summary>
    public ulong TransactionId { get; init; }
}
