using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Statements;

namespace Broker.Errands;

/// <summary>How the statements of a trip travel.</summary>
internal enum TripShape
{
    /// <summary>One statement, its own implicit transaction; answered when the server is ready again.</summary>
    Alone,
    /// <summary>`BEGIN READ ONLY; ...; COMMIT`, or one statement that answers for all; its members are answered when it is over.</summary>
    ReadGroup,
    /// <summary>
    /// `BEGIN READ WRITE; transaction id; ...; COMMIT`: nobody is answered before COMMIT is. Every unit travels so, with others or alone.
    /// </summary>
    WriteGroup,
    /// <summary>
    /// Each statement its own transaction, one round trip for all; answered when all of it is over (`packing.writes = barrier`).
    /// </summary>
    Barrier,
    /// <summary>One statement with an idempotency key: `BEGIN; key; statement`, then `answer; COMMIT` (`docs/ledger.md`).</summary>
    Keyed,
}

/// <summary>Which of the pool's lanes a trip keeps busy.</summary>
internal enum TripLane
{
    /// <summary>Fast reads: as many trips at a time as the width allows.</summary>
    Reads,
    /// <summary>Fast writes: one trip at a time, so that many commits share one flush of the log.</summary>
    Writes,
    /// <summary>None: it has a connection of its own.</summary>
    None,
}

/// <summary>One errand and who asked.</summary>
/// <param name="Request">The request as it came.</param>
/// <param name="Caller">Who gets the one answer.</param>
/// <param name="Facts">What is known of its text.</param>
/// <param name="Estimate">How long texts like it take; touched by the pool's actor only.</param>
/// <param name="Arrived">When it came, as a TimeProvider timestamp.</param>
/// <param name="Deadline">Until when it may wait in line, as a TimeProvider timestamp.</param>
internal sealed record Errand(RunErrand Request, IActorRef Caller, TextFacts Facts, SharedEstimate Estimate, long Arrived, long Deadline)
{
    /// <summary>Whether it ran before and must not share a trip any more.</summary>
    internal bool RunsAgain { get; init; }

    /// <summary>
    /// Whether a group failed by it, which is a unit, though it held nobody up: by a deferred constraint perhaps, which a group checks at
    /// once.
    /// </summary>
    internal bool FailedAmongOthers { get; init; }

    /// <summary>What is known of the texts behind the first of a unit; empty for others.</summary>
    internal ImmutableArray<TextFacts> More { get; init; } = [];

    /// <summary>Whether it is a transaction of its own also when it has one statement only.</summary>
    internal bool IsUnit => Request.Unit is not null;

    /// <summary>How many statements it has; one, unless it is a unit.</summary>
    internal int Statements => 1 + More.Length;

    /// <summary>Whether it may change data: then its outcome matters when the connection is lost.</summary>
    internal bool Writes => Facts.Writes || IsUnit;

    /// <summary>Whether it may leave something in the session.</summary>
    internal bool LeavesState => Facts.Travel == Travel.AloneThenReset || More.Any(static facts => facts.Travel == Travel.AloneThenReset);

    /// <summary>All of its texts.</summary>
    internal string Text => More.IsEmpty ? Facts.Text : string.Join("; ", More.Select(static facts => facts.Text).Prepend(Facts.Text));

    /// <summary>One of its statements, counted from 0.</summary>
    internal Statement StatementAt(int number) => number == 0 ? Request.Statement : Request.Unit!.More[number - 1];

    /// <summary>What is known of one of its statements, counted from 0.</summary>
    internal TextFacts FactsAt(int number) => number == 0 ? Facts : More[number - 1];

    /// <summary>Whether a text is one of its own.</summary>
    internal bool Has(string text) => Facts.Text == text || More.Any(facts => facts.Text == text);
}

/// <summary>Errands that go to the server in one round trip, all of one context.</summary>
/// <param name="Shape">How they travel.</param>
/// <param name="Lane">Which lane they keep busy.</param>
/// <param name="Context">What all of them run under.</param>
/// <param name="Members">The errands in the order in which they came; exactly one when alone.</param>
internal sealed record Trip(TripShape Shape, TripLane Lane, CallerContext Context, ImmutableArray<Errand> Members)
{
    /// <summary>What to ask the catalogue behind the trip, on the same connection and under the same context; null for nothing.</summary>
    internal CatalogueLesson? Lesson { get; init; }

    /// <summary>Whether the connection must be reset behind the trip, because a member may have left session state.</summary>
    internal bool ResetAfter => Members is [{ LeavesState: true }];
}

/// <summary>What a trip was like, for estimates; and which members must run again alone.</summary>
/// <param name="Trip">The trip.</param>
/// <param name="Elapsed">From sending to the last answer.</param>
/// <param name="Work">How long the server worked on the members of a group, COMMIT left out; zero when that is not known.</param>
/// <param name="Completed">How many members were answered with a result.</param>
/// <param name="RunAgain">Members without an answer yet: nothing of them took effect.</param>
internal sealed record TripReport(Trip Trip, TimeSpan Elapsed, TimeSpan Work, int Completed, ImmutableArray<Errand> RunAgain)
{
    /// <summary>Texts that must never travel in a group again, with the reason.</summary>
    internal ImmutableArray<(string Text, StatementClass Class)> AloneForEver { get; init; } = [];

    /// <summary>Members that were told a failure.</summary>
    internal ImmutableArray<(Errand Errand, Failure Failure)> Refused { get; init; } = [];

    /// <summary>The text that made the group fail, or that was running when the group was cancelled for its age; null for none.</summary>
    internal string? Culprit { get; init; }

    /// <summary>Whether the culprit held the others up (a lock, a cancel) or could not be in it, rather than failing by itself.</summary>
    internal bool CulpritHeldUp { get; init; }

    /// <summary>A text that one statement cannot answer for several callers; null for none.</summary>
    internal string? NotFoldable { get; init; }

    /// <summary>What the catalogue answered to <see cref="Trip.Lesson"/>; null when nothing was asked or the question failed.</summary>
    internal LessonLearned? Learned { get; init; }
}
