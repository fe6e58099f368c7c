using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Connections;
using Broker.Errands;

namespace Broker.Pools;

/// <summary>
/// The actors of a pool's connections: children of the pool's actor, made, watched, spoken to, and forgotten when they are gone. What each
/// of them is for at the moment is in the pool's state. Mutable, and owned by the pool's actor.
/// </summary>
internal sealed class ConnectionDesk
{
    private readonly Dictionary<ConnectionId, IActorRef> _actors = [];
    private readonly PoolPlans _plans;
    private readonly IUntypedActorContext _context;

    internal ConnectionDesk(PoolPlans plans, IUntypedActorContext context) => (_plans, _context) = (plans, context);

    /// <summary>Starts a connection's actor, which connects by itself.</summary>
    internal void Open(PoolEffects.Open open)
    {
        var actor = _context.ActorOf(_plans.Now.Connection(open.Connection, open.First, _context.Self), open.Connection.ToString());
        _context.Watch(actor);
        _actors[open.Connection] = actor;
    }

    /// <summary>Tells a connection something, unless it is gone.</summary>
    internal void Tell(ConnectionId connection, IConnectionCommand command)
    {
        if (_actors.TryGetValue(connection, out var actor))
        {
            actor.Tell(command);
        }
    }

    /// <summary>Has a connection lent to a borrower.</summary>
    internal void Lend(PoolEffects.Lend lend, IActorRef borrower) =>
        Tell(lend.Connection, new ConnectionCommands.Lend(lend.Lease, borrower, Ping: false));

    /// <summary>Hands a trip to a connection, which must not be gone: nobody else would answer its members.</summary>
    internal void Run(ConnectionId connection, Trip trip) => _actors[connection].Tell(new ConnectionCommands.RunTrip(trip));

    /// <summary>Whose actor this is; null when it is no connection's, or one that is gone in good order.</summary>
    internal ConnectionId? Of(IActorRef actor)
    {
        foreach (var (id, known) in _actors)
        {
            if (known.Equals(actor))
            {
                return id;
            }
        }
        return null;
    }

    /// <summary>A connection is gone, or never came: the end of its actor is no news any more.</summary>
    internal void Forget(ConnectionId connection)
    {
        if (_actors.Remove(connection, out var actor))
        {
            _context.Unwatch(actor);
        }
    }
}
