using System.Collections.Immutable;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;
using Broker.Pools.Decisions;

namespace Broker.Pools;

/// <summary>
/// A pool as a value: its slots, its waiting line, and what it has learned. Each thing that happens is a pure function to the next
/// state and a list of effects, so that every rule of the pool can be tested without an actor, a clock or a server. The rules
/// themselves are in <c>Decisions/</c>, one concept per file.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="Dice">The source of jitter.</param>
internal sealed record PoolState(PoolId Pool, PoolSettings Settings, Dice Dice)
{
    internal Slots Slots { get; init; } = Slots.Empty;

    /// <summary>Those who asked for a lease.</summary>
    internal WaitingLine Line { get; init; } = WaitingLine.Empty;

    /// <summary>Those who asked for a slot for a link: no connection of the pool's is of use to them.</summary>
    internal HolderLines LinkLine { get; init; } = HolderLines.Empty;

    /// <summary>Who has slots for links.</summary>
    internal ImmutableSortedDictionary<SlotHolder, HeldSlots> SlotHolders { get; init; } =
        ImmutableSortedDictionary<SlotHolder, HeldSlots>.Empty;

    /// <summary>What the errand line wants.</summary>
    internal ErrandDemand Errands { get; init; } = ErrandDemand.None;

    /// <summary>Permits asked for and not yet answered, the reserve's left out.</summary>
    internal int Asked { get; init; }

    /// <summary>
    /// When a permit was asked for while none was, or granted, or given back. Those that nothing has been heard of for a while since then
    /// do not come by themselves.
    /// </summary>
    internal TimeSpan PermitsMovedAt { get; init; }

    /// <summary>Whether the reserve's permit is asked for and not yet answered.</summary>
    internal bool ReserveAsked { get; init; }

    /// <summary>How connecting goes.</summary>
    internal ConnectHistory Connects { get; init; } = ConnectHistory.None;

    /// <summary>The delay in the waiting line, for load shedding.</summary>
    internal LineDelay Delay { get; init; } = LineDelay.None;

    /// <summary>Counts invalidations: a connection of an older generation is never used again.</summary>
    internal long Generation { get; init; }

    /// <summary>Counts breaks: a connection last proven alive under an older suspicion is pinged before its next use.</summary>
    internal long Suspicion { get; init; }

    /// <summary>Connections owed to pools below their share.</summary>
    internal int Owed { get; init; }

    /// <summary>Idle connections that other pools could use.</summary>
    internal int IdleWanted { get; init; }

    /// <summary>Whether the pool has begun to hold `min-idle` connections ready: at warm-up, else with its first request.</summary>
    internal bool Warm { get; init; }

    /// <summary>Whether warm-up asked for a first connection that is not there yet.</summary>
    internal bool FirstWanted { get; init; }

    /// <summary>
    /// Whether the hook that is to run once per pool is yet to run. Until it has, one connection is opened at a time, and it runs on each
    /// that is tried: who waits for the others waits for it.
    /// </summary>
    internal bool FirstConnectDue { get; init; }

    internal bool Suspended { get; init; }

    internal bool Stopping { get; init; }

    /// <summary>Whether <see cref="PoolEffects.Stopped"/> has been said.</summary>
    internal bool Stopped { get; init; }

    internal long LastConnection { get; init; }

    internal long LastLease { get; init; }

    internal long LastIdleStamp { get; init; }

    /// <summary>The earliest moment at which something may be due. It may turn out that nothing is.</summary>
    internal TimeSpan NextWake { get; init; } = Moment.Never;

    /// <summary>What one of the pool's connections tells.</summary>
    internal PoolDecision On(IConnectionEvent happened, TimeSpan now)
    {
        var step = Step.From(this, now);
        return (happened switch
        {
            ConnectionEvents.Opened e => step.Opened(e.Connection, e.Backend),
            ConnectionEvents.ConnectFailed e => step.ConnectFailed(e.Connection, e.Failure, e.LeftBehind),
            ConnectionEvents.LendFailed e => step.LendFailed(e.Connection, e.Lease, e.Failure),
            ConnectionEvents.Returned e => step.Returned(e.Connection, e.Lease),
            ConnectionEvents.TripEnded e => step.TripEnded(e.Connection),
            ConnectionEvents.Pinged e => step.Pinged(e.Connection),
            ConnectionEvents.Closed e => step.Closed(e.Connection, e.Reason, e.Clean, e.Backend),
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "not an event of a connection"),
        }).Onward();
    }

    /// <summary>What the server's budget tells. Probes for ghosts are no decision of the pool's.</summary>
    internal PoolDecision On(IBudgetEvent happened, TimeSpan now)
    {
        var step = Step.From(this, now);
        return (happened switch
        {
            BudgetEvents.PermitGranted e => step.PermitGranted(e.Permit, e.Reserve),
            BudgetEvents.PermitsDenied e => step.PermitsDenied(e.Count, e.Reserve, e.Cause),
            BudgetEvents.YieldAsked e => step.YieldAsked(e.Count),
            BudgetEvents.IdleWanted e => step.IdleWanted(e.Count),
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "not a decision of the pool's"),
        }).Onward();
    }

    /// <summary>What callers, holders, timers and operators tell.</summary>
    internal PoolDecision On(IPoolEvent happened, TimeSpan now)
    {
        var step = Step.From(this, now);
        return happened switch
        {
            PoolEvents.AcquireRequested e => step.Acquire(e).Onward(),
            PoolEvents.AcquireWithdrawn e => step.Withdraw(e.Waiter, e.Reason).Onward(),
            PoolEvents.HolderDied e => step.HolderDied(e.Lease).Onward(),
            PoolEvents.LeaseInvalidated e => step.InvalidateLease(e.Lease, e.Hard).Onward(),
            PoolEvents.LeaseBroke e => step.LeaseBroke(e.Lease).Onward(),
            PoolEvents.LeaseDetached e => step.Detach(e.Lease).Onward(),
            PoolEvents.SlotRequested e => step.AcquireSlot(e).Onward(),
            PoolEvents.SlotNamed e => step.NameSlot(e.Lease, e.Backend).Onward(),
            PoolEvents.SlotReturned e => step.SlotReturned(e.Back, e.Holder).Onward(),
            PoolEvents.SlotHolderDied e => step.SlotHolderDied(e.Holder).Onward(),
            // The errand line has just taken what it could: to pump it again for its own words would go round in a circle.
            PoolEvents.ErrandsWaiting e => step.Want(e.Wanted, e.Oldest).Serve().Grow().End(),
            PoolEvents.Tick => step.KeepHouse().Onward().Reschedule(),
            PoolEvents.WarmUp => step.With(this with { Warm = true, FirstWanted = true }).Onward(),
            PoolEvents.SettingsChanged e => step.Change(e).Onward().Reschedule(),
            // Nothing is asked for before the other budget is there to be asked.
            PoolEvents.BudgetLeft => step.LeaveBudget().End(),
            PoolEvents.Invalidated e => step.Invalidate(e.Hard).Onward(),
            PoolEvents.Suspended => step.With(this with { Suspended = true }).Onward(),
            PoolEvents.Resumed => step.With(this with { Suspended = false }).Onward(),
            PoolEvents.Stop e => step.Stop(e.Drain).Onward(),
            _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "not an event of a pool"),
        };
    }

    /// <summary>
    /// Gives an idle connection to an errand's trip, unless there is none or a request for a lease has waited longer. Then the
    /// pool notes the demand, grows for it, and says <see cref="PoolEffects.PumpErrands"/> when the time has come.
    /// </summary>
    /// <param name="oldest">Since when the oldest errand waits.</param>
    /// <param name="now">The present moment.</param>
    /// <returns>The connection that is now on a trip, or null.</returns>
    internal (PoolDecision Decision, ConnectionId? Taken) TakeForTrip(TimeSpan oldest, TimeSpan now) =>
        Step.From(this, now).TakeForTrip(oldest);

    /// <summary>Whether leases and errands may be served at all.</summary>
    internal bool Serves => !Suspended && !Stopping;

    /// <summary>Why errands are refused at once; null when they are not.</summary>
    internal Failure? RefusesErrands =>
        Stopping ? new Client.Protocol.Failures.BrokerStopping($"pool {Pool}")
        : Suspended && Settings.Suspended == SuspendedAction.Refuse ? new Client.Protocol.Failures.PoolHeld(Pool)
        : null;
}

/// <summary>What follows from an event: the next state, and what is to be done, in order.</summary>
internal readonly record struct PoolDecision(PoolState State, ImmutableArray<IPoolEffect> Effects);

/// <summary>How many more connections the errand line could use, and since when its oldest errand waits.</summary>
internal readonly record struct ErrandDemand(int Wanted, TimeSpan Oldest)
{
    internal static readonly ErrandDemand None = new(0, Moment.Never);
}
