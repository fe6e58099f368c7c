using Akka.Actor;
using Broker.Budgets;

namespace Broker.Pools;

/// <summary>
/// The budgets that a pool has permits of: that of its server, and, when the pool was moved, those of former ones, which get theirs back
/// one by one. Mutable, and owned by the pool's actor.
/// </summary>
internal sealed class PermitDesk(IActorRef budget, IActorRef pool)
{
    private readonly Dictionary<int, IActorRef> _granters = [];
    private readonly HashSet<IActorRef> _former = [];
    private IActorRef _prober = budget;
    private IActorRef _budget = budget;

    /// <summary>Whether another is that of the pool's server.</summary>
    internal bool IsOther(IActorRef budget) => !_budget.Equals(budget);

    /// <summary>Permits are asked for there from now on.</summary>
    internal void Move(IActorRef budget)
    {
        _former.Add(_budget);
        _former.Remove(budget);
        _budget = budget;
    }

    /// <summary>Tells a budget what the pool's state wants: what is about a permit, the one that granted it.</summary>
    internal void Do(IBudgetEffect effect, PoolPlan plan)
    {
        var command = effect.For(pool, plan);
        var to = command switch
        {
            BudgetCommands.NameBackend name => Of(name.Permit),
            BudgetCommands.ReleasePermit release => Of(release.Permit),
            BudgetCommands.ReleaseGhost release => Of(release.Permit),
            _ => _budget,
        };
        to.Tell(command);
    }

    /// <summary>
    /// Whether a budget's word is the pool's concern. A former one gets back what it grants too late, and is not told of ghosts: nobody
    /// here can ask its server.
    /// </summary>
    internal bool Takes(IBudgetEvent happened, IActorRef sender)
    {
        switch (happened)
        {
            case BudgetEvents.PermitGranted late when _former.Contains(sender):
                sender.Tell(new BudgetCommands.ReleasePermit(pool, late.Permit));
                break;
            case BudgetEvents.ProbeGhosts probe when _former.Contains(sender):
                sender.Tell(new BudgetCommands.GhostsSeen(pool, probe.Probe, null));
                break;
            case BudgetEvents.PermitGranted granted: _granters[granted.Permit.Budget] = _budget; break;
            case BudgetEvents.ProbeGhosts: _prober = _budget; break;
        }
        return !_former.Contains(sender);
    }

    /// <summary>A question about ghosts is answered.</summary>
    internal void Answer(long probe, GhostSighting? seen) => _prober.Tell(new BudgetCommands.GhostsSeen(pool, probe, seen));

    /// <summary>The pool ends, or begins anew with no permits.</summary>
    internal void Leave()
    {
        foreach (var budget in _former.Append(_budget))
        {
            budget.Tell(new BudgetCommands.LeaveBudget(pool));
        }
    }

    private IActorRef Of(PermitId permit) => _granters.GetValueOrDefault(permit.Budget, _budget);
}
