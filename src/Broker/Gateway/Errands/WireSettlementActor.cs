using Akka.Actor;
using Broker.Settlement;

namespace Broker.Gateway.Errands;

/// <summary>
/// Has the pool find out what became of a group of writes, and tells its members; nothing of it is run again before. A child of the share,
/// so that it outlives the carrier of the group.
/// </summary>
internal sealed class WireSettlementActor : UntypedActor
{
    private readonly IActorRef _pool;
    private readonly TripInDoubt _trip;
    private bool _told;

    public WireSettlementActor(IActorRef pool, TripInDoubt trip) => (_pool, _trip) = (pool, trip);

    /// <summary>How to make one.</summary>
    internal static Props For(IActorRef pool, TripInDoubt trip) => Props.Create(() => new WireSettlementActor(pool, trip));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.Watch(_pool);
        _pool.Tell(new SettleCommit(_trip.Commit), Self);
    }

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

    /// <inheritdoc/>
    protected override void PostStop()
    {
        if (!_told)
        {
            _trip.Tell(SettledOutcome.Unknown.PoolEnded);
        }
    }

    private void End(SettledOutcome outcome)
    {
        _told = true;
        _trip.Tell(outcome);
        Context.Stop(Self);
    }
}
