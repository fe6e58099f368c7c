using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;

namespace Broker.Errands;

/// <summary>How a trip ended, as its connection's actor must know it. Members that could be answered have been.</summary>
/// <param name="Report">What the pool learns.</param>
internal abstract record TripOutcome(TripReport Report)
{
    /// <summary>
    /// Answers that are due and not told yet: the connection's actor hears of the end first, so that it is free when a caller asks again.
    /// </summary>
    internal ImmutableArray<(IActorRef Caller, IBrokerReply Reply)> Due { get; init; } = [];

    /// <summary>Tells the answers that are due.</summary>
    internal void TellDue()
    {
        foreach (var (caller, reply) in Due)
        {
            caller.Tell(reply, ActorRefs.NoSender);
        }
    }

    /// <summary>Tells the answers that are due, behind somebody who hears of the end first.</summary>
    internal void TellBehind(Action<TripOutcome> over)
    {
        over(this);
        TellDue();
    }

    /// <summary>Tells those who wait for more than this trip, because whoever would see to it is gone.</summary>
    internal void TellAbandoned(PoolId pool, int process)
    {
        foreach (var errand in Report.RunAgain)
        {
            errand.Caller.Tell(new Refused(new BrokerStopping($"pool {pool}")), ActorRefs.NoSender);
        }
        if (this is InDoubt { Doubt: var doubt })
        {
            var unknown =
                new Refused(new CommitUnknown(pool, doubt.TransactionId ?? 0, process, "the broker stopped before it was settled"));
            foreach (var (errand, _) in doubt.Members)
            {
                errand.Caller.Tell(unknown, ActorRefs.NoSender);
            }
        }
    }

    /// <summary>The connection is idle and clean.</summary>
    internal sealed record Clean(TripReport Report) : TripOutcome(Report);

    /// <summary>The connection must not be used again.</summary>
    /// <param name="Report">What the pool learns.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="Cause">What was seen.</param>
    internal sealed record Unusable(TripReport Report, CloseReason Reason, string Cause) : TripOutcome(Report);

    /// <summary>
    /// The connection was lost after COMMIT was sent and before it was answered: the members wait until the outcome is settled.
    /// </summary>
    /// <param name="Report">What the pool learns; no member of it runs again yet.</param>
    /// <param name="Doubt">What settling needs.</param>
    /// <param name="Cause">What was seen.</param>
    internal sealed record InDoubt(TripReport Report, TripDoubt Doubt, string Cause) : TripOutcome(Report);
}

/// <summary>A transaction whose COMMIT was sent and not answered.</summary>
/// <param name="TransactionId">Its id (xid8); null when the connection was lost before the server told it.</param>
/// <param name="Members">The members, each with its answer as far as it was read before the loss.</param>
/// <param name="Executing">
/// The member that the server was working on when it ended the connection; <see cref="Nobody"/> when it did not say so.
/// </param>
internal sealed record TripDoubt(ulong? TransactionId, ImmutableArray<(Errand Errand, ErrandCompleted? Answer)> Members, int Executing)
{
    /// <summary>The connection ended without a word of the server, or none of the members was being worked on.</summary>
    internal const int Nobody = -1;
}
