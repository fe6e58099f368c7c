using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Pools;

/// <summary>What the server said about the ghosts it was asked about; null when it could not be asked.</summary>
internal sealed record ProbeAnswered(long Probe, GhostSighting? Sighting);

/// <summary>
/// Waits for the answer of one errand that asks the server which of some backends still run, tells its pool, and is gone. If the pool dies, it dies.
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
        switch (message)
        {
            case ErrandCompleted completed:
                // The pool's connections are all to one server at a time; another host's answer proves nothing about these ghosts.
                _pool.Tell(new ProbeAnswered(_probe.Probe, GhostProbe.Read(_probe.Ghosts[0].Server, completed.Rows)));
                break;
            case Refused:
                _pool.Tell(new ProbeAnswered(_probe.Probe, null));
                break;
            default:
                Unhandled(message);
                return;
        }
        Context.Stop(Self);
    }
}
