using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Settlement;

namespace Broker.Sessions;

/// <summary>
/// Waits for what the ledger says of one commit that nobody remembers, and tells who asked when it ends: also when its registry does.
/// </summary>
internal sealed class LedgerInquiry : UntypedActor
{
    private readonly PoolId _pool;
    private readonly IActorRef _supervisor;
    private readonly string _key;
    private readonly IActorRef _asker;
    private SettledOutcome _outcome = new SettledOutcome.Unknown("who asked the ledger was stopped");

    public LedgerInquiry(PoolId pool, IActorRef supervisor, string key, IActorRef asker) =>
        (_pool, _supervisor, _key, _asker) = (pool, supervisor, key, asker);

    /// <summary>Has the ledger of a pool asked for a commit; where there is none, its outcome is unknown.</summary>
    internal static void Ask(IActorRefFactory parent, SessionPlan plan, GetCommitOutcome ask, IActorRef asker)
    {
        if (plan.Ledger is null)
        {
            asker.Tell(KeptOutcomes.Unknown(ask));
            return;
        }
        var (pool, supervisor) = (plan.Pool, plan.Supervisor);
        var key = ask.IdempotencyKey ?? SessionKeys.Of(ask.Session, ask.Handle, ask.Sequence);
        var inquiry = parent.ActorOf(Props.Create(() => new LedgerInquiry(pool, supervisor, key, asker)));
        supervisor.Tell(new SettleCommit(new CommitInDoubt(NoBackend, null, CommitSent: true, key)), inquiry);
    }

    // Nobody knows the process that a commit of an earlier broker ran on: the ledger alone tells.
    private static BackendIdentity NoBackend => new(0, DateTime.UnixEpoch, DateTime.UnixEpoch, 0, "", 0);

    /// <inheritdoc/>
    protected override void PreStart() => Context.Watch(_supervisor);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CommitSettled settled: End(settled.Outcome); break;
            case Terminated: End(SettledOutcome.Unknown.PoolEnded); break;
            default: Unhandled(message); break;
        }
    }

    private void End(SettledOutcome outcome)
    {
        _outcome = outcome;
        Context.Stop(Self);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _asker.Tell(new CommitOutcome(_outcome switch
    {
        SettledOutcome.Committed => new Committed([], 0, []) { Settled = true },
        SettledOutcome.Aborted => new CommandRefused(new KeySpent(_pool, _key)),
        SettledOutcome.Unknown unknown => new CommandRefused(new CommitUnknown(_pool, 0, 0, unknown.Cause)),
        _ => throw new InvalidOperationException($"unknown outcome {_outcome}"),
    }));
}
