using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;

namespace Broker.Sessions;

/// <summary>
/// The pools that conversations use, and who waits for one that is being looked for. Mutable, and owned by the registry.
/// </summary>
internal sealed class SessionPlans(BrokerSettings settings, BrokerMeter meter, TimeProvider time, IActorRef pools, bool sandboxed)
{
    private readonly Dictionary<PoolId, SessionPlan> _plans = [];
    private readonly Queue<(IHandleRequest Request, IActorRef Asker, FindPool Asked)> _finding = new();
    private readonly Dictionary<SessionId, List<(IHandleRequest Request, IActorRef Asker)>> _opening = [];
    private BrokerSettings _settings = settings;

    /// <summary>Who waits for a pool, or behind who does.</summary>
    internal IEnumerable<IActorRef> Waiting =>
        _finding.Select(static waiting => waiting.Asker)
            .Concat(_opening.Values.SelectMany(static behind => behind).Select(static waiting => waiting.Asker));

    /// <summary>Conversations that are there keep their plan; whoever comes has the pool looked up again.</summary>
    internal void Take(BrokerSettings settings)
    {
        _settings = settings;
        _plans.Clear();
    }

    /// <summary>The plan of a pool; null when that has to be looked for.</summary>
    internal SessionPlan? Of(string database, string? user) =>
        _settings.Databases.TryGetValue(database, out var known) ? _plans.GetValueOrDefault(new(database, user ?? known.User)) : null;

    /// <summary>Has the pool looked for that a request is for.</summary>
    internal void Find(IHandleRequest request, IActorRef asker, string database, string? user)
    {
        // Answers come in the order of the questions.
        var asked = new FindPool(database, user);
        _finding.Enqueue((request, asker, asked));
        if (Opens(request))
        {
            _opening[request.Session] = [];
        }
        pools.Tell(asked);
    }

    /// <summary>Whether this can be the answer to the question whose turn it is, and not one to a registry that failed before.</summary>
    internal bool Awaits(object answer) => _finding.TryPeek(out var next) && (answer is not PoolFound { Pool: var pool }
        || (pool.Database == next.Asked.Database && pool.User == (next.Asked.User ?? pool.User)));

    /// <summary>Whether the pool of its conversation is looked for: it is to overtake nothing, and waits behind what opens that.</summary>
    internal bool TryFollow(IHandleRequest request, IActorRef asker)
    {
        if (!_opening.TryGetValue(request.Session, out var behind))
        {
            return false;
        }
        behind.Add((request, asker));
        return true;
    }

    /// <summary>A pool was found, or is not there: whose it is, and what has come for the same conversation since, in its order.</summary>
    internal (IHandleRequest Request, IActorRef Asker, IReadOnlyList<(IHandleRequest Request, IActorRef Asker)> Behind) Next()
    {
        var (request, asker, _) = _finding.Dequeue();
        return (request, asker, Opens(request) && _opening.Remove(request.Session, out var behind) ? behind : []);
    }

    private static bool Opens(IHandleRequest request) => request is OpenSession or RunInSession;

    /// <summary>The plan of a pool that was found; null when its database is gone from the settings meanwhile.</summary>
    internal SessionPlan? Of(PoolFound found)
    {
        if (!_settings.Databases.ContainsKey(found.Pool.Database))
        {
            return null;
        }
        if (!_plans.TryGetValue(found.Pool, out var plan))
        {
            plan = SessionPlan.For(found.Pool, found.Supervisor, _settings, time, new(meter, found.Pool));
            _plans[found.Pool] = plan = sandboxed ? plan.InSandbox() : plan;
        }
        return plan;
    }

    /// <summary>A pool is gone: whoever asks for it from now on has it looked up again.</summary>
    internal void Forget(IActorRef pool)
    {
        foreach (var (id, _) in _plans.Where(plan => plan.Value.Supervisor.Equals(pool)).ToArray())
        {
            _plans.Remove(id);
        }
    }
}
