using Akka.Actor;
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

    internal void Tell(IBrokerReply reply)
    {
        _asker?.Tell(reply);
        _asker = null;
    }
}
