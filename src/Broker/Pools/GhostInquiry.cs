using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Pools;

/// <summary>What came of a question about ghosts.</summary>
internal sealed record ProbeAnswered(long Probe, IBrokerReply Reply);

/// <summary>
/// Waits for the answer of one errand that asks the server which of some backends still run, tells its pool, and is gone. If the pool dies,
/// it dies.
/// </summary>
internal sealed class GhostInquiry : UntypedActor
{
    private readonly IActorRef _pool;
    private readonly BudgetEvents.ProbeGhosts _probe;

    public GhostInquiry(IActorRef pool, BudgetEvents.ProbeGhosts probe) => (_pool, _probe) = (pool, probe);

    /// <summary>How to make one.</summary>
    internal static Props For(IActorRef pool, BudgetEvents.ProbeGhosts probe) => Props.Create(() => new GhostInquiry(pool, probe));

    /// <summary>The errand that asks.</summary>
    internal static RunErrand Errand(BudgetEvents.ProbeGhosts probe) =>
        new(new ErrandId(0, probe.Probe), GhostProbe.For(probe.Ghosts), CallerContext.None, ErrandLimits.Default);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is IBrokerReply reply)
        {
            _pool.Tell(new ProbeAnswered(_probe.Probe, reply));
            Context.Stop(Self);
        }
        else
        {
            Unhandled(message);
        }
    }
}
