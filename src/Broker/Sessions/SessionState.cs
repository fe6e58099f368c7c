using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Sessions;

/// <summary>
/// One conversation as a value: its handles, the line of their commands, its transaction, and where its connection is. Every decision is a
/// function from an event to the next state and effects (<see cref="Decisions"/>); its actor carries the effects out. An idle one is small:
/// nothing empty is kept.
/// </summary>
/// <param name="Id">Which conversation.</param>
/// <param name="Pool">Whose connections it borrows.</param>
/// <param name="Owner">The handle that opened it.</param>
/// <param name="Terms">How its transactions begin, and who may end them.</param>
/// <param name="Limits">What bounds it.</param>
internal sealed record SessionState(SessionId Id, PoolId Pool, HandleId Owner, ConversationTerms Terms, SessionLimits Limits)
{
    /// <summary>How many moves are told to a handle that has not looked for long.</summary>
    internal const int MovesKept = 64;

    private static readonly TimeSpan ForEver = TimeSpan.FromDays(1000);

    /// <summary>Whose it is; null when it was opened in the broker's own process, and is anybody's who knows its id.</summary>
    internal string? Login { get; init; }

    /// <summary>
    /// What is answered to a handle that may not ask this; null when it may. For a handle speaks the user who opened the conversation or
    /// joined it with that, and the broker's own process for any: who knows what a handle is called has proven nothing. A door looks at
    /// the conversation that is named, so nothing may be done here in the name of another.
    /// </summary>
    internal IBrokerReply? RefusalTo(IHandleRequest request) =>
        request.Session != Id ? new Refused(new ConversationGone(request.Session, "it is another one that was told"))
        : request.Login is { } login && IsAnothers(request.Handle, login)
            ? request is GetCommitOutcome theirs ? KeptOutcomes.Unknown(theirs)
            : new Refused(new AccessDenied(login, $"conversation {Id}", "it is another user's"))
        : request is GetCommitOutcome ask && !KeptOutcomes.IsOf(ask, ask.Login, Pool) ? KeptOutcomes.Unknown(ask)
        : Ending is { } ending && request is OpenSession or JoinSession ? new Refused(new ConversationGone(Id, ending.Cause))
        : null;

    // A handle that has gone may have left a COMMIT that still runs.
    private bool IsAnothers(HandleId handle, string login) =>
        (Login is not null && Login != login)
        || (Find(handle) is { } member && member.Login != login)
        || (Running is { IsUpkeep: false } running && running.Handle == handle && running.Login != login);

    /// <summary>Counts what moved it for all handles.</summary>
    internal Epoch Epoch { get; init; }

    /// <summary>The latest moves that some handle has not seen, the oldest first.</summary>
    internal ImmutableArray<ConversationMove> Moves { get; init; } = [];

    /// <summary>Its handles.</summary>
    internal ImmutableArray<Member> Members { get; init; } = [];

    /// <summary>Commands that wait for their turn, in the order in which they arrived.</summary>
    internal ImmutableList<Pending> Line { get; init; } = [];

    /// <summary>The command whose turn it is; null when there is none.</summary>
    internal Pending? Running { get; init; }

    /// <summary>What is being done on the connection; null for nothing.</summary>
    internal SessionWork? Work { get; init; }

    /// <summary>Where its connection is.</summary>
    internal Link Link { get; init; }

    /// <summary>Why the connection is gone while work on it has not ended yet; null when it is not.</summary>
    internal Failure? LinkLost { get; init; }

    /// <summary>Its transaction; null when there is none.</summary>
    internal Transaction? Transaction { get; init; }

    /// <summary>What a commit in doubt had answered before its connection was lost; null when none is in doubt.</summary>
    internal WorkResult? InDoubt { get; init; }

    /// <summary>Why the conversation ends, and who waits for that; null while it goes on.</summary>
    internal Ending? Ending { get; init; }

    /// <summary>Whether the broker is stopping, so that no transaction begins any more.</summary>
    internal bool Stopping { get; init; }

    /// <summary>Whether it is over.</summary>
    internal bool IsOver { get; init; }

    /// <summary>When something happened in its transaction last.</summary>
    internal TimeSpan ActiveAt { get; init; }

    /// <summary>When the alarm rings that was set last; null for never.</summary>
    internal TimeSpan? WakesAt { get; init; }

    /// <summary>How long its transaction may lie idle; null for ever, which a limit without an end means too.</summary>
    internal TimeSpan? IdleLimit =>
        (Terms.IdleLimit ?? Limits.IdleLimit) is { } limit && limit >= TimeSpan.Zero && limit < ForEver ? limit : null;

    /// <summary>In one word, for people (docs/states/session.md).</summary>
    internal SessionPhase Phase =>
        Ending is not null ? SessionPhase.Ending
        : InDoubt is not null ? SessionPhase.Settling
        : Link is Link.Asked or Link.Withdrawn ? SessionPhase.Acquiring
        : Work is not null ? SessionPhase.Working
        : Transaction is { Failed: not null } ? SessionPhase.Failed
        : Link == Link.Returning ? SessionPhase.Returning
        : Transaction is not null ? SessionPhase.InTransaction
        : SessionPhase.Quiet;

    /// <summary>A handle; null when it is no part of the conversation.</summary>
    internal Member? Find(HandleId handle)
    {
        foreach (var member in Members)
        {
            if (member.Id == handle)
            {
                return member;
            }
        }
        return null;
    }
}

/// <summary>A command on its way.</summary>
/// <param name="Handle">Whose.</param>
/// <param name="Sequence">Its number.</param>
/// <param name="Epoch">The epoch that its handle saw when it sent it.</param>
/// <param name="Command">What to do.</param>
/// <param name="ReplyTo">Who is answered.</param>
internal sealed record Pending(HandleId Handle, long Sequence, Epoch Epoch, ISessionCommand Command, IActorRef ReplyTo)
{
    /// <summary>
    /// Whether it may change data or end a transaction or scope, so that it needs the present epoch, and waits while another handle's scope
    /// is open.
    /// </summary>
    internal bool Writes { get; init; }

    /// <summary>Why it may not be sent at all, judged by its text and its parameters; null when it may.</summary>
    internal Failure? Refusal { get; init; }

    /// <summary>Whose its handle is, which may have gone before it is answered; null when it is of the broker's own process.</summary>
    internal string? Login { get; init; }

    /// <summary>Whether it is the conversation's own, which answers nobody.</summary>
    internal bool IsUpkeep => Sequence == 0;

    /// <summary>Whether its handle has asked to cancel it.</summary>
    internal bool CancelAsked { get; init; }
}

/// <summary>A conversation that ends.</summary>
/// <param name="Cause">Why.</param>
/// <param name="Askers">The handles that left, and who is told.</param>
internal sealed record Ending(string Cause, ImmutableArray<(HandleId Handle, IActorRef Asker)> Askers);

/// <summary>Where a conversation's connection is.</summary>
internal enum Link
{
    /// <summary>There is none.</summary>
    None,
    /// <summary>The pool is asked for one.</summary>
    Asked,
    /// <summary>The pool was asked for one that nobody needs any more.</summary>
    Withdrawn,
    /// <summary>It is lent to the conversation.</summary>
    Lent,
    /// <summary>It is on its way back.</summary>
    Returning,
}

/// <summary>The states of a conversation, named the same in code, log and docs/states/session.md.</summary>
internal enum SessionPhase
{
    /// <summary>No transaction and no connection.</summary>
    Quiet,
    /// <summary>A command waits for a connection.</summary>
    Acquiring,
    /// <summary>A command is being carried out.</summary>
    Working,
    /// <summary>A transaction is open, and nothing runs.</summary>
    InTransaction,
    /// <summary>The transaction has failed and must be rolled back.</summary>
    Failed,
    /// <summary>The connection was lost at COMMIT, and the server is being asked what became of it.</summary>
    Settling,
    /// <summary>The connection goes back to the pool.</summary>
    Returning,
    /// <summary>The conversation ends: what runs is finished or cancelled, the rest rolled back.</summary>
    Ending,
}
