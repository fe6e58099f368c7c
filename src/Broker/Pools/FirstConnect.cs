using Akka.Actor;
using Broker.Client.Protocol.Messages;

namespace Broker.Pools;

/// <summary>Who asked whether the pool can connect at all (`fail-fast`): told once, how the first attempt went. Mutable, and owned by the pool's actor.</summary>
internal sealed class FirstConnect
{
    private IActorRef? _asker;

    internal void Ask(IActorRef asker) => _asker = asker;

    internal void Tell(IBrokerReply reply)
    {
        _asker?.Tell(reply);
        _asker = null;
    }
}
