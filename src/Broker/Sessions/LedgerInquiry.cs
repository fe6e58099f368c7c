using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Settlement;

namespace Broker.Sessions;

/// <summary>Waits for what the ledger says of one commit that nobody remembers, and tells who asked.</summary>
internal sealed class LedgerInquiry : UntypedActor
{
    private readonly PoolId _pool;
    private readonly IActorRef _supervisor;
    private readonly string _key;
    private readonly IActorRef _asker;

    public LedgerInquiry(PoolId pool, IActorRef supervisor, string key, IActorRef asker) =>
        (_pool, _supervisor, _key, _asker) = (pool, supervisor, key, asker);

    /// <summary>How to make one; the pool's answer is to be sent to it.</summary>
    internal static Props For(PoolId pool, IActorRef supervisor, string key, IActorRef asker) =>
        Props.Create(() => new LedgerInquiry(pool, supervisor, key, asker));

    /// <inheritdoc/>
    protected override void PreStart() => Context.Watch(_supervisor);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CommitSettled settled: Tell(settled.Outcome); break;
            case Terminated: Tell(SettledOutcome.Unknown.PoolEnded); break;
            default: Unhandled(message); break;
        }
    }

    private void Tell(SettledOutcome outcome)
    {
        _asker.Tell(new CommitOutcome(outcome switch
        {
            SettledOutcome.Committed => new Committed([], 0, []) { Settled = true },
            SettledOutcome.Aborted => new CommandRefused(new KeySpent(_pool, _key)),
            SettledOutcome.Unknown unknown => new CommandRefused(new CommitUnknown(_pool, 0, 0, unknown.Cause)),
            _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
        }));
        Context.Stop(Self);
    }
}
