using Akka.Actor;

namespace Broker.Listening;

/// <summary>
/// The plan that a listener goes by, and one that leads elsewhere, which it goes by when the connection that it has, or asks for, is given
/// up. Mutable, and owned by the listener's actor.
/// </summary>
internal sealed class ListenerPlans(ListenerPlan first)
{
    private ListenerPlan? _next;
    private IActorRef? _former;

    /// <summary>The one that holds.</summary>
    internal ListenerPlan Now { get; private set; } = first;

    /// <summary>Whether another waits.</summary>
    internal bool IsOver => _next is not null;

    /// <summary>The pool's plan is another: its times hold at once.</summary>
    internal void Change(ChangeListenerPlan change)
    {
        Now = Now with { Settings = change.Plan.Settings };
        _next = change.Renew || IsOver ? change.Plan : null;
    }

    /// <summary>There is no connection, and none is asked for.</summary>
    internal void TakeNext()
    {
        if (_next is { } next)
        {
            _former = next.Budget.Equals(Now.Budget) ? _former : Now.Budget;
            (Now, _next) = (next, null);
        }
    }

    /// <summary>Whether the budget that granted something is one that was left before it did.</summary>
    internal bool IsFormer(IActorRef budget) => budget.Equals(_former) && !budget.Equals(Now.Budget);
}
