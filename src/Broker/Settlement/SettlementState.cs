namespace Broker.Settlement;

/// <summary>What a settlement does next.</summary>
internal enum SettlementStep
{
    /// <summary>Look at the server and end the old backend (<see cref="ServerSighting"/>).</summary>
    Look,
    /// <summary>Ask for the transaction's status.</summary>
    AskStatus,
    /// <summary>Ask the ledger, which also refuses an original that has not come yet.</summary>
    AskLedger,
    /// <summary>Nothing: the outcome is there.</summary>
    Done,
}

/// <summary>
/// Settles a commit in doubt: a pure step machine, so that each answer of a server can be tried in a test. First the old backend is ended
/// and the server recognised, then the transaction's status is asked until it is final; where that may not be believed the ledger is asked;
/// else the outcome is unknown. Nothing is ever guessed. All times are of one clock of the caller's.
/// </summary>
internal sealed record SettlementState(CommitInDoubt Doubt, SettleLimits Limits, TimeSpan Began)
{
    private bool AwaitsReplication { get; init; }

    private string? LastCause { get; init; }

    private TimeSpan NextPause { get; init; } = SettleLimits.FirstPause;

    /// <summary>What to do next, after <see cref="Pause"/>.</summary>
    internal SettlementStep Next { get; private init; }

    /// <summary>How long to wait before it.</summary>
    internal TimeSpan Pause { get; private init; }

    /// <summary>What became of the transaction; null until <see cref="SettlementStep.Done"/>.</summary>
    internal SettledOutcome? Outcome { get; private init; }

    /// <summary>Begins; some facts decide at once.</summary>
    internal static SettlementState Begin(CommitInDoubt doubt, SettleLimits limits, TimeSpan now)
    {
        var state = new SettlementState(doubt, limits, now);
        return doubt switch
        {
            { CommitSent: false } => state.Settled(new SettledOutcome.Aborted("its COMMIT was not sent")),
            { TransactionId: null, Key: null } => state.Settled(
                new SettledOutcome.Unknown(
                    "its transaction id was not learned before the connection was lost, and it carries no idempotency key")),
            _ => state,
        };
    }

    /// <summary>The server was looked at.</summary>
    internal SettlementState Saw(ServerSighting sighting, TimeSpan now) => sighting switch
    {
        { InRecovery: true } => Again("the server is a standby", now),
        _ when Doubt.TransactionId is null => this with { Next = SettlementStep.AskLedger, Pause = TimeSpan.Zero },
        _ when sighting.WhyNotBelieved(Doubt.Backend) is { } why => ByLedger(why),
        _ => this with { Next = SettlementStep.AskStatus, AwaitsReplication = sighting.AwaitsReplication, Pause = TimeSpan.Zero },
    };

    /// <summary>The status was told, by the same connection that looked.</summary>
    internal SettlementState Answered(TransactionStatus status, TimeSpan now) => status switch
    {
        TransactionStatus.Committed => Settled(new SettledOutcome.Committed()),
        TransactionStatus.Aborted => Settled(new SettledOutcome.Aborted("the server rolled it back")),
        TransactionStatus.InProgress => Again(AwaitsReplication ? "it waits for a synchronous standby" : "it is still in progress", now),
        TransactionStatus.Forgotten => ByLedger("the server has forgotten its transaction id"),
    };

    /// <summary>The ledger holds this row now, and nothing can change it.</summary>
    internal SettlementState Found(LedgerEntry entry) => Settled(entry.Verdict switch
    {
        LedgerVerdict.Done => new SettledOutcome.Committed(entry),
        LedgerVerdict.Refused =>
            new SettledOutcome.Aborted($"the ledger has no commit of key {entry.Key}, and refuses one from now on", KeyRefused: true),
    });

    /// <summary>The original holds its key and has neither committed nor ended.</summary>
    internal SettlementState LedgerBusy(TimeSpan now) => Again("it still holds its idempotency key", now);

    /// <summary>The ledger cannot be asked.</summary>
    internal SettlementState LedgerFailed(string cause) => Settled(new SettledOutcome.Unknown($"the ledger could not be asked: {cause}"));

    /// <summary>A step failed, by an error of the server or with the settling connection: it goes on with a new look.</summary>
    internal SettlementState TryFailed(string cause, TimeSpan now) => Again(cause, now);

    /// <summary>The limit passed in the middle of a step.</summary>
    internal SettlementState TimedOut(TimeSpan now) => Unknown(LastCause ?? "the server did not answer", now);

    /// <summary>How much of the limit is left.</summary>
    internal TimeSpan Left(TimeSpan now) => Began + Limits.Timeout > now ? Began + Limits.Timeout - now : TimeSpan.Zero;

    private SettlementState ByLedger(string why) => Doubt.Key is null
        ? Settled(new SettledOutcome.Unknown($"{why}, and it carries no idempotency key"))
        : this with { Next = SettlementStep.AskLedger, Pause = TimeSpan.Zero };

    private SettlementState Again(string why, TimeSpan now) => now - Began >= Limits.Timeout
        ? Unknown(why, now)
        : this with { Next = SettlementStep.Look, Pause = NextPause, NextPause = Longer(NextPause), LastCause = why };

    private SettlementState Unknown(string why, TimeSpan now) =>
        Settled(new SettledOutcome.Unknown($"{why} after {(now - Began).TotalSeconds:0.#} s (broker.errands.settle-timeout)"));

    private SettlementState Settled(SettledOutcome outcome) =>
        this with { Next = SettlementStep.Done, Outcome = outcome, Pause = TimeSpan.Zero };

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < SettleLimits.LongestPause ? pause * 2 : SettleLimits.LongestPause;
}
