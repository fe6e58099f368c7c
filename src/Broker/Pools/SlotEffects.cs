using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Pools;

/// <summary>Something about a slot that is lent for a link of the gateway, which has no connection of the pool's.</summary>
internal interface ISlotEffect : IPoolEffect;

internal static class SlotEffects
{
    /// <summary>Lend a slot to who asked.</summary>
    internal sealed record Lend(ConnectionId Connection, LeaseId Lease, WaiterId Waiter, TimeSpan Waited) : ISlotEffect;

    /// <summary>Take a slot back now.</summary>
    internal sealed record Revoke(LeaseId Lease, string Reason) : ISlotEffect;

    /// <summary>A slot is not lent any more, however it ended; its holder need not be watched for it.</summary>
    internal sealed record Ended(LeaseId Lease) : ISlotEffect;

    /// <summary>Tell a holder how many of its slots others need; instead of any number told before.</summary>
    internal sealed record Want(SlotHolder Holder, SlotWish Wish) : ISlotEffect;

    /// <summary>Tell a holder to give back the slots that it has when they come free.</summary>
    internal sealed record Outdate(SlotHolder Holder, CloseReason Reason) : ISlotEffect;

    /// <summary>A link is closed.</summary>
    internal sealed record LinkClosed(CloseReason Reason, bool Clean) : ISlotEffect;

    /// <summary>A link could not be opened.</summary>
    internal sealed record LinkNotOpened(Failure Failure) : ISlotEffect;
}
