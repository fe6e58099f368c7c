using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Remote.Links;

/// <summary>What becomes of a request when the broker has forgotten the client that sent it.</summary>
internal static class Losses
{
    /// <summary>The broker is reached again, or another one in its place.</summary>
    /// <param name="pending">What was asked, and what is known of it.</param>
    /// <returns>What to send in its place, or why it is refused.</returns>
    internal static (object? Again, Failure? Refusal) Of(PendingCaller pending) => pending.Request switch
    {
        // Its cancel came too late to be sent behind it.
        RunErrand or OpenStream or RunInSession { Opens: not null } when !pending.MayHaveArrived && pending.IsCancelled =>
            (null, new Cancelled("before it was sent")),
        // Only the broker knows whether it is a read, or whether its key tells what became of it.
        RunErrand errand => (pending.MayHaveArrived ? errand with { SentBefore = true } : errand, null),
        RunInSession { Opens: not null } when !pending.MayHaveArrived => (pending.Request, null),
        RunInSession run when !pending.MayHaveArrived => (null, new ConversationGone(run.Session, Words)),
        // What became of a commit is asked by the handle that sent it; all else of the conversation is rolled back.
        RunInSession or LeaveSession => (null, new BrokerStopping("the broker that had the conversation")),
        OpenStream when pending.MayHaveArrived => (null, OfStream(pending)),
        StartListening => (null, new ConnectionLost(pending.Target.Pool, Words)),
        // Asking twice makes no difference.
        _ => (pending.Request, null),
    };

    /// <summary>
    /// What a caller is told of a refusal. A write that may have run before is not safe to retry because the broker refuses to look at it:
    /// neither the door nor who stands in for a dead actor knows whether it was one.
    /// </summary>
    internal static object Told(PendingCaller pending, object answer) =>
        answer is Refused { Failure: TooManyRequests or BrokerStopping } refused
            && pending.Request is RunErrand { SentBefore: true, Limits.IdempotencyKey: null }
            ? new Refused(new OutcomeUnknown(pending.Target.Pool, refused.Failure.Message))
            : answer;

    /// <summary>Nobody is left to answer it: the broker is out of reach for too long, or whom it was told to is no more.</summary>
    /// <param name="pending">What was asked, and what is known of it. One that was sent before may have arrived then.</param>
    /// <param name="reason">Why it is given up.</param>
    internal static Failure WithoutAnswer(PendingCaller pending, Failure reason) => pending.Request switch
    {
        _ when !pending.MayHaveArrived => Unsent(pending.Request, pending.Target.Pool, reason),
        RunErrand => new OutcomeUnknown(pending.Target.Pool, reason.Message),
        OpenStream => OfStream(pending),
        RunInSession => new BrokerStopping("the broker that had the conversation"),
        _ => reason,
    };

    /// <summary>Nobody is left to send it to. What waits to be sent may be what is sent again.</summary>
    internal static Failure Unsent(object request, PoolId pool, Failure reason) =>
        request is RunErrand { SentBefore: true } ? new OutcomeUnknown(pool, reason.Message) : reason;

    private static Failure OfStream(PendingCaller pending) => pending.MayHaveCommitted
        ? new OutcomeUnknown(pending.Target.Pool, Words)
        : new ConnectionLost(pending.Target.Pool, Words);

    private const string Words = "the link to the broker was lost, and it has given up what it did for this client";
}
