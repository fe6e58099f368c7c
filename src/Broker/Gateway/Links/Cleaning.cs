using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;

namespace Broker.Gateway.Links;

/// <summary>
/// How a link that somebody has used is made fit for the next: what is to be done now, from what is known of it. A value; whoever carries
/// the steps out tells it what was done (<see cref="After"/>) and what the server said (<see cref="Heard"/>). It never guesses from
/// statement texts, and what cannot be saved is given up.
/// </summary>
/// <param name="CanCancel">Whether the server gave a key for it.</param>
/// <param name="DiscardDue">Whether the session is to be made as new.</param>
internal sealed record Cleaning(bool CanCancel, bool DiscardDue)
{
    // Nothing is cancelled twice without reason: only when something has been answered since, or when it took no effect.
    private bool MayCancel { get; init; } = CanCancel;

    // Then the rest of the series is skipped, whatever it is.
    private bool HasFailedCopy { get; init; }

    private bool IsRolledBack { get; init; }

    private bool IsDiscarding { get; init; }

    private bool IsRefused { get; init; }

    private bool IsCancelLost { get; init; }

    /// <summary>What is to be done now.</summary>
    internal CleaningStep Next(LinkUse use) => use switch
    {
        _ when IsRefused || IsCancelLost => CleaningStep.GiveUp,
        // whatever is sent now would be taken for the rest of a message
        { IsDoubtful: true } or { IsCutToServer: true } => CleaningStep.GiveUp,
        // it reads data and hears nothing else
        { IsCopyIn: true } => CleaningStep.FailCopy,
        { IsAwaiting: true, CancelsInFlight: 0 } when MayCancel => CleaningStep.Cancel,
        { IsSkipping: true } => CleaningStep.Sync,
        { IsSeriesOpen: true } => HasFailedCopy ? CleaningStep.Sync : CleaningStep.EndSeries,
        // answers, or a request to cancel that could still find what is sent next
        { IsAtRest: false } or { CancelsInFlight: > 0 } => CleaningStep.Wait,
        { CanRelease: false } => IsRolledBack ? CleaningStep.GiveUp : CleaningStep.Rollback,
        _ => DiscardDue ? CleaningStep.Discard : CleaningStep.Release,
    };

    /// <summary>A step was taken.</summary>
    internal Cleaning After(CleaningStep step) => step switch
    {
        CleaningStep.Cancel or CleaningStep.EndSeries or CleaningStep.Sync => this with { MayCancel = false },
        CleaningStep.FailCopy => this with { MayCancel = false, HasFailedCopy = true },
        CleaningStep.Rollback => this with { MayCancel = false, IsRolledBack = true },
        CleaningStep.Discard => this with { MayCancel = false, DiscardDue = false, IsDiscarding = true },
        CleaningStep.Wait or CleaningStep.Release or CleaningStep.GiveUp => this,
    };

    /// <summary>The server has said something.</summary>
    internal Cleaning Heard(BackendType type) => type switch
    {
        BackendType.ReadyForQuery => this with { MayCancel = CanCancel, HasFailedCopy = false },
        BackendType.ErrorResponse when IsDiscarding => this with { IsRefused = true },
        _ => this,
    };

    /// <summary>Whether that was the end of what makes the session as new.</summary>
    internal bool HasDiscarded(BackendType type) => IsDiscarding && type is BackendType.CommandComplete;

    /// <summary>A request to cancel was heard by the server some time ago, and what it was for goes on: it came too early.</summary>
    internal Cleaning CancelAgain() => this with { MayCancel = CanCancel };

    /// <summary>What has become of a request to cancel will never be known: it may take effect at any time.</summary>
    internal Cleaning CancelLost() => this with { IsCancelLost = true };
}

/// <summary>A step of <see cref="Cleaning"/>.</summary>
internal enum CleaningStep
{
    /// <summary>Something has to come first.</summary>
    Wait,

    /// <summary>Ask the server to cancel what is under way.</summary>
    Cancel,

    /// <summary>
    /// End a series of the extended protocol that its client did not, by a rollback: a Sync would commit it, which is not what becomes of
    /// it when a client is lost.
    /// </summary>
    EndSeries,

    /// <summary>End the server's skipping.</summary>
    Sync,

    /// <summary>Tell the server that no more data comes.</summary>
    FailCopy,

    /// <summary>End the transaction.</summary>
    Rollback,

    /// <summary>Undo what the session holds.</summary>
    Discard,

    /// <summary>It is fit for the next.</summary>
    Release,

    /// <summary>It cannot be saved.</summary>
    GiveUp,
}
