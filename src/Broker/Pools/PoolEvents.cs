using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;
using Broker.Leases;

namespace Broker.Pools;

/// <summary>
/// What a pool hears, beside what its connections (<see cref="IConnectionEvent"/>) and its budget
/// (<see cref="Budgets.IBudgetEvent"/>) tell.
/// </summary>
internal interface IPoolEvent;

internal static class PoolEvents
{
    /// <summary>Somebody wants a lease. <see cref="WaiterId"/>s rise from request to request.</summary>
    internal sealed record AcquireRequested(
        WaiterId Waiter, TimeSpan Deadline, bool Queueing, string Holder, string Purpose, ImmutableArray<LeaseId> Held) : IPoolEvent;

    /// <summary>Who asked wants it no longer, or is dead.</summary>
    internal sealed record AcquireWithdrawn(WaiterId Waiter, string Reason) : IPoolEvent;

    /// <summary>The holder of a lease is dead.</summary>
    internal sealed record HolderDied(LeaseId Lease) : IPoolEvent;

    /// <summary>
    /// A holder says that its connection is not to be used again. Soft: it keeps it until it returns it. Hard: the lease ends now.
    /// </summary>
    internal sealed record LeaseInvalidated(LeaseId Lease, bool Hard) : IPoolEvent;

    /// <summary>A holder saw its connection break.</summary>
    internal sealed record LeaseBroke(LeaseId Lease) : IPoolEvent;

    /// <summary>A holder takes its connection out of the pool for good.</summary>
    internal sealed record LeaseDetached(LeaseId Lease) : IPoolEvent;

    /// <summary>
    /// Somebody wants a slot for a link. <see cref="WaiterId"/>s rise from request to request, those for leases among them.
    /// </summary>
    internal sealed record SlotRequested(WaiterId Waiter, TimeSpan Deadline, SlotHolder Holder) : IPoolEvent;

    /// <summary>The link in a slot is open.</summary>
    internal sealed record SlotNamed(LeaseId Lease, BackendIdentity Backend) : IPoolEvent;

    /// <summary>A slot for a link is given back. The holder is null when it is none that the pool knows.</summary>
    internal sealed record SlotReturned(ReturnSlot Back, SlotHolder? Holder) : IPoolEvent;

    /// <summary>Who asks for slots, or has some, is dead. Its links are closed by now, but nobody saw the server end them.</summary>
    internal sealed record SlotHolderDied(SlotHolder Holder) : IPoolEvent;

    /// <summary>How many more connections the errands in line could use now, and since when the oldest of them waits.</summary>
    internal sealed record ErrandsWaiting(int Wanted, TimeSpan Oldest) : IPoolEvent;

    /// <summary>A moment announced by <see cref="PoolEffects.WakeAt"/> has come. Harmless at any other time.</summary>
    internal sealed record Tick : IPoolEvent
    {
        internal static readonly Tick Instance = new();
    }

    /// <summary>Open what is to be held ready, and at least one, before anybody asks.</summary>
    internal sealed record WarmUp : IPoolEvent
    {
        internal static readonly WarmUp Instance = new();
    }

    /// <summary>The pool has these settings from now on.</summary>
    /// <param name="Settings">All of them.</param>
    /// <param name="Outdates">Whether connections are opened otherwise: those that there are serve nobody after whoever has them.</param>
    internal sealed record SettingsChanged(PoolSettings Settings, bool Outdates) : IPoolEvent;

    /// <summary>The pool's permits come from another budget from now on; <see cref="SettingsChanged"/> follows.</summary>
    internal sealed record BudgetLeft : IPoolEvent
    {
        internal static readonly BudgetLeft Instance = new();
    }

    /// <summary>Every connection is of an older generation from now on.</summary>
    internal sealed record Invalidated(bool Hard) : IPoolEvent;

    /// <summary>New borrowers are held or refused from now on.</summary>
    internal sealed record Suspended : IPoolEvent
    {
        internal static readonly Suspended Instance = new();
    }

    /// <summary>Borrowers are served again.</summary>
    internal sealed record Resumed : IPoolEvent
    {
        internal static readonly Resumed Instance = new();
    }

    /// <summary>
    /// The pool ends: nothing new, idle connections close, those out close when they come back; without drain they are called back, and
    /// trips cancelled.
    /// </summary>
    internal sealed record Stop(bool Drain) : IPoolEvent;
}
