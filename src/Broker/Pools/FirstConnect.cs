using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Pools.Decisions;

namespace Broker.Pools;

/// <summary>
/// Who asked whether the pool can connect at all (`fail-fast`): told once, how the first attempt went. Mutable, and owned by the pool's
/// actor.
/// </summary>
internal sealed class FirstConnect
{
    private IActorRef? _asker;

    /// <summary>Takes the question in. A pool that has a connection open already will not say so again.</summary>
    internal void Ask(IActorRef asker, PoolState state)
    {
        _asker = asker;
        if (state.HasOpen() || state.HasOpenLink())
        {
            Tell(new FirstOpened(state.Pool));
        }
    }

    /// <summary>What the budget says: without a permit there is no connection.</summary>
    internal void Hear(IBudgetEvent happened, PoolId pool)
    {
        if (happened is BudgetEvents.PermitsDenied denied)
        {
            Tell(new Refused(new ServerUnavailable(pool, "its budget", denied.Cause)));
        }
    }

    internal void Tell(IBrokerReply reply)
    {
        _asker?.Tell(reply);
        _asker = null;
    }
}
