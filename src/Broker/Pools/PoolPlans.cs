using Akka.Actor;
using Broker.Connections;
using Broker.Settlement;

namespace Broker.Pools;

/// <summary>
/// The plan of a pool, which another replaces when settings are read anew, and who is told of it. It outlives the pool's actor: one that
/// begins anew under the same reference goes by the last plan. Mutable, and used by one incarnation after the other.
/// </summary>
internal sealed class PoolPlans(PoolPlan first)
{
    private readonly Dictionary<BackendIdentity, Func<Action<SettledOutcome>, SettlerPlan>> _formerSettlers = [];
    private readonly HashSet<IActorRef> _followers = [];

    /// <summary>The one that holds.</summary>
    internal PoolPlan Now { get; private set; } = first;

    /// <summary>Another holds from now on.</summary>
    /// <param name="next">It.</param>
    /// <param name="open">
    /// What the pool's connections are at this moment, if the other leads elsewhere: what becomes of their commits is asked where they are.
    /// </param>
    internal void Replace(PoolPlan next, IEnumerable<BackendIdentity> open)
    {
        foreach (var backend in open)
        {
            _formerSettlers.TryAdd(backend, Now.Settler);
        }
        Now = next;
        foreach (var follower in _followers)
        {
            Tell(follower);
        }
    }

    /// <summary>Somebody opens links by the pool's plan: it is told the one that holds, and each later one.</summary>
    internal void Follow(IActorRef follower)
    {
        _followers.Add(follower);
        Tell(follower);
    }

    /// <summary>It is dead.</summary>
    internal void Unfollow(IActorRef follower) => _followers.Remove(follower);

    /// <summary>What settles a transaction of this server process.</summary>
    internal SettlerPlan SettlerOf(BackendIdentity backend, Action<SettledOutcome> telemetry) =>
        _formerSettlers.GetValueOrDefault(backend, Now.Settler)(telemetry);

    private void Tell(IActorRef follower)
    {
        if (Now.Links is { } links)
        {
            follower.Tell(new LinksChanged(links), ActorRefs.NoSender);
        }
    }
}
