namespace Broker.Client.Sessions;

/// <summary>
/// What runs before and after a session's flush, commit and rollback, in the handle that asked for it. A hook that calls its session is
/// refused (<c>SessionReentered</c>), for the session waits for it; it may add work through what it is given. One that fails before a flush
/// or a commit stops it, and nothing is sent; one that fails before a rollback does not stop it, and one that fails behind a commit does
/// not undo it.
/// </summary>
public sealed record SessionHooks
{
    /// <summary>No hooks.</summary>
    public static SessionHooks None { get; } = new();

    /// <summary>Before pending work is sent; not called when there is none. What it adds goes along.</summary>
    public Func<HookedSession, CancellationToken, ValueTask>? BeforeFlush { get; init; }

    /// <summary>When pending work has been sent. What it adds goes with the next flush; a commit flushes until nothing is left.</summary>
    public Func<HookedSession, CancellationToken, ValueTask>? AfterFlush { get; init; }

    /// <summary>Before a commit, ahead of its flush.</summary>
    public Func<HookedSession, CancellationToken, ValueTask>? BeforeCommit { get; init; }

    /// <summary>When the transaction is committed.</summary>
    public Func<HookedSession, CancellationToken, ValueTask>? AfterCommit { get; init; }

    /// <summary>Before the whole transaction is rolled back.</summary>
    public Func<HookedSession, CancellationToken, ValueTask>? BeforeRollback { get; init; }

    /// <summary>When it is rolled back.</summary>
    public Func<HookedSession, CancellationToken, ValueTask>? AfterRollback { get; init; }

    /// <summary>These hooks, and behind each of them the other's.</summary>
    public SessionHooks And(SessionHooks other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new()
        {
            BeforeFlush = Both(BeforeFlush, other.BeforeFlush), AfterFlush = Both(AfterFlush, other.AfterFlush),
            BeforeCommit = Both(BeforeCommit, other.BeforeCommit), AfterCommit = Both(AfterCommit, other.AfterCommit),
            BeforeRollback = Both(BeforeRollback, other.BeforeRollback), AfterRollback = Both(AfterRollback, other.AfterRollback),
        };
    }

    private static Func<HookedSession, CancellationToken, ValueTask>? Both(
        Func<HookedSession, CancellationToken, ValueTask>? first, Func<HookedSession, CancellationToken, ValueTask>? second) =>
        first is null ? second : second is null ? first : async (session, cancellation) =>
        {
            await first(session, cancellation).ConfigureAwait(false);
            await second(session, cancellation).ConfigureAwait(false);
        };
}
