using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Pools;

/// <summary>What the broker tells a pool of its own life.</summary>
internal static class PoolCommands
{
    /// <summary>Open what is to be held ready. Answered by nothing.</summary>
    internal sealed record WarmUp
    {
        internal static readonly WarmUp Instance = new();
    }

    /// <summary>The same, and say how the first attempt to connect went: <see cref="FirstOpened"/>, or a refusal with the reason.</summary>
    internal sealed record OpenFirst
    {
        internal static readonly OpenFirst Instance = new();
    }

    /// <summary>
    /// The sender opens links in the pool's slots: tell it by <see cref="LinksChanged"/> how they are opened, now and whenever that
    /// changes. A slot that is lent later is for a link that is opened so, and where that leads elsewhere
    /// <see cref="Leases.SlotsOutdated"/> follows for those that the sender has.
    /// </summary>
    internal sealed record FollowLinks
    {
        internal static readonly FollowLinks Instance = new();
    }

    /// <summary>
    /// Go by this from now on. Nobody loses a connection by it: those that lead elsewhere than new ones would, or are too many, close when
    /// they come back. Answered by nothing.
    /// </summary>
    internal sealed record ChangePlan(PoolPlan Plan) : INoSerializationVerificationNeeded;

    /// <summary>
    /// End. Nothing new is taken; what runs is finished when draining, else called back. Answered by <see cref="PoolStopped"/>.
    /// </summary>
    internal sealed record StopPool(bool Drain);
}

/// <summary>The pool has opened a connection.</summary>
/// <param name="Pool">Which pool.</param>
internal sealed record FirstOpened(PoolId Pool) : IBrokerReply;

/// <summary>The pool's last connection is closed; its actor is gone.</summary>
/// <param name="Pool">Which pool.</param>
internal sealed record PoolStopped(PoolId Pool) : IBrokerReply;
