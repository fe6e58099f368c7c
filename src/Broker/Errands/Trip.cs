using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Errands;

/// <summary>How the statements of a trip travel.</summary>
internal enum TripShape
{
    /// <summary>One statement, its own implicit transaction.</summary>
    Alone,
    /// <summary>`BEGIN READ ONLY; ...; COMMIT`, answers told as they come.</summary>
    ReadGroup,
    /// <summary>`BEGIN READ WRITE; xid; ...; COMMIT`, answers told after COMMIT.</summary>
    WriteGroup,
}

/// <summary>One errand and who asked.</summary>
/// <param name="Request">The request as it came.</param>
/// <param name="Caller">Who gets the one answer.</param>
/// <param name="Text">What is known of its text.</param>
/// <param name="Enqueued">When it came (TimeProvider.GetTimestamp).</param>
internal sealed record Errand(RunErrand Request, IActorRef Caller, ErrandText Text, long Enqueued);

/// <summary>Errands that go to the server in one round trip, all of one context.</summary>
internal sealed record Trip(TripShape Shape, CallerContext Context, ImmutableArray<Errand> Members);

/// <summary>What a trip was like, for estimates; and which members must run again alone.</summary>
/// <param name="Trip">The trip.</param>
/// <param name="Elapsed">From sending to the last answer.</param>
/// <param name="RunAgain">Members without an answer yet: nothing of them took effect.</param>
internal sealed record TripReport(Trip Trip, TimeSpan Elapsed, ImmutableArray<Errand> RunAgain);
