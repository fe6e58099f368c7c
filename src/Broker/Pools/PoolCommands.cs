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
