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
    private readonly string _key;
    private readonly IActorRef _asker;

    public LedgerInquiry(PoolId pool, string key, IActorRef asker) => (_pool, _key, _asker) = (pool, key, asker);

    /// <summary>How to make one; the pool's answer is to be sent to it.</summary>
    internal static Props For(PoolId pool, string key, IActorRef asker) => Props.Create(() => new LedgerInquiry(pool, key, asker));

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is not CommitSettled settled)
        {
            Unhandled(message);
            return;
        }
        _asker.Tell(new CommitOutcome(settled.Outcome switch
        {
            SettledOutcome.Committed => new Committed([], 0, []) { Settled = true },
            SettledOutcome.Aborted => new CommandRefused(new KeySpent(_pool, _key)),
            SettledOutcome.Unknown unknown => new CommandRefused(new CommitUnknown(_pool, 0, 0, unknown.Cause)),
            _ => throw new InvalidOperationException($"unknown outcome {settled.Outcome}"),
        }));
        Context.Stop(Self);
    }
}
