using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Settlement;

namespace Broker.Errands;

/// <summary>A trip whose COMMIT was sent and not answered, and what its members are told once it is settled.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Event">What is known of it.</param>
/// <param name="Owner">The pool's actor, which runs members again.</param>
/// <param name="Answered">Counts the members' answers.</param>
internal sealed record SettledTrip(PoolId Pool, ConnectionEvents.TripInDoubt Event, IActorRef Owner, Action<Errand, IBrokerReply> Answered)
{
    /// <summary>What is to be settled.</summary>
    internal CommitInDoubt InDoubt => new(Event.Backend, Doubt.TransactionId, CommitSent: true, Key);

    private TripDoubt Doubt => Event.Doubt;

    /// <summary>The key that the trip's one member wrote into the ledger, if it has one.</summary>
    private string? Key => Doubt.Members is [{ Errand.Request.Limits.IdempotencyKey: { } key }] ? key : null;

    /// <summary>Tells the members the outcome, or has them run again.</summary>
    internal void Tell(SettledOutcome outcome)
    {
        switch (outcome)
        {
            case SettledOutcome.Committed:
                foreach (var (errand, answer) in Doubt.Members)
                {
                    TellCommitted(errand, answer);
                }
                break;
            case SettledOutcome.Aborted { KeyRefused: true }: TellAll(new KeySpent(Pool, Key!)); break;
            case SettledOutcome.Aborted: RunAgain(); break;
            case SettledOutcome.Unknown unknown:
                TellAll(new CommitUnknown(Pool, Doubt.TransactionId ?? 0, Event.Backend.Pid, unknown.Cause));
                break;
        }
    }

    // An answer that was read before the loss is as good as one read after COMMIT.
    private void TellCommitted(Errand errand, ErrandCompleted? answer) =>
        Tell(errand, answer ?? (IBrokerReply)new Refused(new AnswerLost(Pool, Doubt.TransactionId ?? 0)));

    private void TellAll(Failure failure)
    {
        var refused = new Refused(failure);
        foreach (var (errand, _) in Doubt.Members)
        {
            Tell(errand, refused);
        }
    }

    /// <summary>
    /// Nothing took effect. The member that the server was working on when it ended the connection may be why it did, so it is told, not
    /// repeated. Where the server said nothing nobody is to blame: had a statement made its process crash, the outcome would not be known.
    /// </summary>
    private void RunAgain()
    {
        var again = ImmutableArray.CreateBuilder<Errand>();
        for (var i = 0; i < Doubt.Members.Length; i++)
        {
            var errand = Doubt.Members[i].Errand;
            if (i == Doubt.Executing)
            {
                Tell(errand, new Refused(new ConnectionLost(Pool, $"{Event.Cause}; it is settled that nothing took effect")));
            }
            else
            {
                again.Add(errand);
            }
        }
        Owner.Tell(new RunErrandsAgain(again.ToImmutable()));
    }

    private void Tell(Errand errand, IBrokerReply reply)
    {
        errand.Caller.Tell(reply, ActorRefs.NoSender);
        Answered(errand, reply);
    }
}

/// <summary>Errands of a group that is settled as never having happened: they go back in line, each to run alone.</summary>
internal sealed record RunErrandsAgain(ImmutableArray<Errand> Errands);
