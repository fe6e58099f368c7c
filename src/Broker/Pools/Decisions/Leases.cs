using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;

namespace Broker.Pools.Decisions;

/// <summary>Leases that end otherwise than by return, and those that should have.</summary>
internal static class Leases
{
    internal static Slot? LentAs(this PoolState state, LeaseId lease) =>
        state.Slots.All.FirstOrDefault(slot => slot.Phase == SlotPhase.Lent && slot.Lending!.Lease == lease && !slot.IsForLink);

    /// <summary>
    /// Calls a lease back, once. The connection answers that it is clean, or that it is closed; the holder of a link, that there is none.
    /// </summary>
    internal static Step Revoke(this Step step, Slot slot, string reason) => slot.Lending is not { Revoked: false } lending
        ? step
        : step
            .Put(slot with { Lending = lending with { Revoked = true } })
            .Do(slot.IsForLink ? new SlotEffects.Revoke(lending.Lease, reason) : new PoolEffects.Revoke(slot.Id, lending.Lease, reason));

    internal static Step HolderDied(this Step step, LeaseId lease) =>
        step.State.Slots.All.FirstOrDefault(slot => slot.Lending?.Lease == lease) is { } slot
            ? step.Abandon(slot, "its holder died")
            : step;

    /// <summary>Calls back a lease that nobody waits for or uses any more.</summary>
    internal static Step Abandon(this Step step, Slot slot, string reason)
    {
        slot = slot with { Lending = slot.Lending! with { Abandoned = true } };
        return step.Put(slot).Revoke(slot, reason);
    }

    /// <summary>The connection is its holder's from now on: it leaves the limits, and when it comes back it is closed.</summary>
    internal static Step Detach(this Step step, LeaseId lease) =>
        step.State.LentAs(lease) is { } slot ? step.Put(slot with { Phase = SlotPhase.Detached, Since = step.Now }) : step;

    /// <summary>Ends leases beyond `max-lease`, and reports those beyond `leak-threshold`, once each.</summary>
    internal static Step LookAtLease(this Step step, Slot slot)
    {
        var (lending, settings) = (slot.Lending!, step.State.Settings);
        if (!lending.Reported && lending.Since.After(settings.LeakThreshold) <= step.Now)
        {
            slot = slot with { Lending = lending with { Reported = true } };
            step = step.Put(slot).Do(new PoolEffects.ReportLeak(slot.StatusOfLease(step.Now)));
        }

        return lending.Since.After(settings.MaxLease) <= step.Now ? step.Revoke(slot, "it overran max-lease") : step;
    }

    /// <summary>When this lease needs attention next.</summary>
    internal static TimeSpan NextLookAtLease(this PoolState state, Lending lending) => Moment.Earlier(
        lending.Reported ? Moment.Never : lending.Since.After(state.Settings.LeakThreshold),
        lending.Revoked ? Moment.Never : lending.Since.After(state.Settings.MaxLease));

    internal static LeaseStatus StatusOfLease(this Slot slot, TimeSpan now) => new(
        slot.Lending!.Lease, slot.Id, slot.Backend?.Pid ?? 0, slot.Lending.Waiter.Holder, slot.Lending.Waiter.Purpose,
            now - slot.Lending.Since);

    /// <summary>A lease that is out, detached or not; null when it is over.</summary>
    internal static LeaseStatus? StatusOf(this PoolState state, LeaseId lease, TimeSpan now) =>
        state.Slots.All.FirstOrDefault(slot => slot.Lending?.Lease == lease)?.StatusOfLease(now);

    /// <summary>Whether the pool itself ends a lease in time: it has been called back, or overruns before then.</summary>
    private static bool EndsBy(this PoolState state, TimeSpan deadline, Lending lending) =>
        lending.Revoked || lending.Since.After(state.Settings.MaxLease) < deadline;

    /// <summary>
    /// Refuses a request that closes a circle: when every connection is lent, and every lease is held by a flow that itself waits in this
    /// line, then no return can come. Only a request of a flow that holds something can close it, so only that one looks.
    /// </summary>
    internal static Step RefuseIfStarving(this Step step, Waiter waiter)
    {
        var state = step.State;
        var counts = state.Slots.Counts;
        if (waiter.Held.IsEmpty
            || !waiter.Queueing
            || state.Settings.SelfStarved == SelfStarvedAction.Wait
            || state.Room() > 0
            || state.Asked > 0
            || counts.Lent == 0 || counts.Lent < counts.Limited)
        {
            return step;
        }

        var held = state.Line.Nested.SelectMany(nested => nested.Held).ToHashSet();
        return state.Slots.All
            .All(slot => slot.Phase != SlotPhase.Lent
                || (held.Contains(slot.Lending!.Lease) && !state.EndsBy(waiter.Deadline, slot.Lending)))
            ? step.RefuseInLine(waiter, new SelfStarved(state.Pool, counts.Lent))
            : step;
    }
}
