using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Gateway.Reports;
using Broker.Settlement;

namespace Broker.Gateway.Errands;

/// <summary>A group of writes whose connection was lost before the server had said that it is committed.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Backend">The server process that ran it.</param>
/// <param name="Transaction">Its id, if the server had told it.</param>
/// <param name="Members">Who travelled.</param>
/// <param name="Held">What the first of them are told if it is committed.</param>
/// <param name="Executing">
/// Which one, counted from 0, the server was working on when it said that it ends the connection; null when it did not say so, or worked on
/// none.
/// </param>
internal sealed record TripInDoubt(
    PoolId Pool, BackendIdentity Backend, ulong? Transaction, ImmutableArray<WireErrand> Members, ImmutableArray<HeldAnswer> Held,
        int? Executing) : INoSerializationVerificationNeeded
{
    /// <summary>What is to be settled.</summary>
    internal CommitInDoubt Commit => new(Backend, Transaction, CommitSent: true);

    /// <summary>Tells all members what became of it.</summary>
    internal void Tell(SettledOutcome outcome)
    {
        switch (outcome)
        {
            case SettledOutcome.Committed: TellCommitted(); break;
            case SettledOutcome.Aborted: RunAgain(); break;
            case SettledOutcome.Unknown unknown:
                TellAll(Members, new CommitUnknown(Pool, Transaction ?? 0, Backend.Pid, unknown.Cause));
                break;
        }
    }

    private void TellCommitted()
    {
        foreach (var held in Held)
        {
            held.Tell();
        }
        TellAll(Members.Where(member => !Held.Any(held => held.Member == member)), new AnswerLost(Pool, Transaction ?? 0));
    }

    // The one that was running may be why the server ended the connection: it is told, not repeated.
    private void RunAgain()
    {
        for (var i = 0; i < Members.Length; i++)
        {
            if (i == Executing)
            {
                TellAll([Members[i]], new ConnectionLost(Pool, "the server ended the connection; it is settled that nothing took effect"));
            }
            else
            {
                WireTrip.RunAgain(Members[i]);
            }
        }
    }

    private static void TellAll(IEnumerable<WireErrand> members, Failure failure)
    {
        foreach (var member in members)
        {
            HeldAnswer.Of(member, ErrorReports.Error(failure)).Tell();
        }
    }
}
