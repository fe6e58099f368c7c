using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Settlement;

namespace Broker.Sessions;

/// <summary>What the conversations of one pool need to know. Shared by all of them: values and references only.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Supervisor">Its actor.</param>
/// <param name="Limits">What bounds a conversation.</param>
/// <param name="ResultLimit">How large the answer of one command may be, in bytes (`broker.errands.result-limit`).</param>
/// <param name="CleanUpLimit">How long bringing a connection to rest may take (`broker.pool.reset-timeout`).</param>
/// <param name="DiscardAfter">
/// Whether a conversation undoes what it left in the session, because returning the connection does not (`pool.reset = none`).
/// </param>
/// <param name="Ledger">The ledger of commits; null for none.</param>
/// <param name="Time">The clock.</param>
/// <param name="Telemetry">What is measured.</param>
internal sealed record SessionPlan(
    PoolId Pool, IActorRef Supervisor, SessionLimits Limits, long ResultLimit, TimeSpan CleanUpLimit, bool DiscardAfter, Ledger? Ledger,
    TimeProvider Time,
    SessionTelemetry Telemetry)
{
    /// <summary>How its conversations begin and end their transactions.</summary>
    internal TransactionVerbs Verbs { get; init; } = TransactionVerbs.Whole;

    /// <summary>
    /// The plan of the same pool's conversations in a sandbox, where nothing is settled: what is lost is lost with the sandbox.
    /// </summary>
    internal SessionPlan InSandbox() =>
        this with { Verbs = TransactionVerbs.Sandboxed, DiscardAfter = false, Ledger = null, Limits = Limits with { HasLedger = false } };

    /// <summary>The plan of a pool.</summary>
    internal static SessionPlan For(PoolId pool, IActorRef supervisor, BrokerSettings settings, TimeProvider time,
        SessionTelemetry telemetry)
    {
        var (sessions, errands, own) = (settings.Sessions, settings.Databases[pool.Database].Errands,
            settings.Pool(pool.Database, pool.User));
        var limits = new SessionLimits(
            sessions.IdleLimit, sessions.CursorIdleLimit, sessions.RepliesKept, sessions.OutcomesKept, sessions.ReplyBytes,
                errands.Ledger.Table is not null);
        return new(
            pool, supervisor, limits, errands.ResultLimit, own.ResetTimeout, own.Reset == ResetMode.None,
            errands.Ledger.Table is { } table ? new(LedgerTable.Named(table)) : null, time, telemetry);
    }
}
