using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Connections;
using Broker.Leases;

namespace Broker.Pools.Decisions;

/// <summary>
/// How a slot is lent for a link of the gateway, and comes back. There is no connection of the pool's in it, so it goes from its permit to
/// its holder, and from its holder to the server's budget.
/// </summary>
internal static class LinkSlots
{
    internal static Step AcquireSlot(this Step step, PoolEvents.SlotRequested asked)
    {
        var waiter = new Waiter(asked.Waiter, step.Now, asked.Deadline, Queueing: true, "gateway", "link", [])
        {
            SlotHolder = asked.Holder,
        };
        return (step.State.Refusal() ?? step.State.StandingRefusal(step.Now, forLink: true)) is { } refusal
            ? step.Refuse(waiter, refusal)
            : step.StandInLine(waiter);
    }

    /// <summary>A permit goes to a link: the holder opens it.</summary>
    internal static Step LendSlot(this Step step, PermitId permit, Waiter waiter)
    {
        var state = step.State;
        var lending = new Lending(new LeaseId(state.LastLease + 1), waiter, step.Now);
        var slot = new Slot(new ConnectionId(state.LastConnection + 1), permit, Reserve: false, state.Generation, state.Connects.Failures)
        {
            Phase = SlotPhase.Lent,
            Since = step.Now,
            ProvenIn = state.Suspicion,
            Lending = lending,
        };
        var holder = waiter.SlotHolder!.Value;
        var held = state.SlotHolders.GetValueOrDefault(holder);
        return step
            .With(state with
            {
                LastConnection = slot.Id.Number,
                LastLease = lending.Lease.Number,
                LinkLine = state.LinkLine.Remove(waiter),
                Slots = state.Slots.Put(slot),
                SlotHolders = state.SlotHolders.SetItem(holder, held with { Count = held.Count + 1 }),
            })
            .Do(new SlotEffects.Lend(slot.Id, lending.Lease, waiter.Id, step.Now - waiter.Since));
    }

    /// <summary>The link is open: the server takes connections.</summary>
    internal static Step NameSlot(this Step step, LeaseId lease, BackendIdentity backend)
    {
        if (step.State.LinkAs(lease) is not { } slot)
        {
            return step;
        }

        step = step.Put(slot with { Backend = backend }).Do(new PoolEffects.NameBackend(slot.Permit, backend));
        return slot.Backend is not null ? step : step
            .With(step.State with { Connects = ConnectHistory.None, FirstWanted = false })
            .Do(new PoolEffects.Connected(slot.Id, step.Now - slot.Since));
    }

    internal static Step SlotReturned(this Step step, ReturnSlot back, SlotHolder? holder)
    {
        step = step.CountDown(holder);
        if (step.State.LinkAs(back.Lease) is not { } slot)
        {
            return step;
        }

        step = step.ForgetLink(slot, back.Clean, back.LeftBehind);
        if (back.ConnectFailure is { } failure)
        {
            // One that was taken back while it connected says nothing about the server.
            step = step.Do(new SlotEffects.LinkNotOpened(failure));
            return slot.Lending!.Revoked ? step : step.NoteFailedConnect(slot, failure).TellLinks(failure);
        }

        step = step.Do(new SlotEffects.LinkClosed(back.Reason, back.Clean));
        return back.Reason is CloseReason.Broken or CloseReason.PingFailed ? step.SuspectSiblings(slot) : step;
    }

    /// <summary>Nobody can say whether the server has seen its links end: they count until it is known.</summary>
    internal static Step SlotHolderDied(this Step step, SlotHolder holder)
    {
        step = step.With(step.State with { LinkLine = step.State.LinkLine.Without(holder) });
        foreach (var slot in step.State.Links().Where(slot => slot.Lending!.Waiter.SlotHolder == holder))
        {
            step = step.ForgetLink(slot, clean: false, null).Do(new SlotEffects.LinkClosed(CloseReason.HolderLost, Clean: false));
        }

        return step;
    }

    /// <summary>Whoever has slots at this moment gives them back when they come free.</summary>
    internal static Step OutdateLinks(this Step step, CloseReason reason) =>
        step.State.SlotHolders.Keys.Aggregate(step, (step, holder) => step.Do(new SlotEffects.Outdate(holder, reason)));

    internal static IEnumerable<Slot> Links(this PoolState state) =>
        state.Slots.Counts.Links == 0 ? [] : state.Slots.All.Where(slot => slot.IsForLink);

    /// <summary>Whether a link is open, so that those who wait for one can be served when it comes free.</summary>
    internal static bool HasOpenLink(this PoolState state) => state.Links().Any(slot => slot.Backend is not null);

    /// <summary>Whether a link is being opened.</summary>
    internal static bool HasOpeningLink(this PoolState state) => state.Links().Any(slot => slot.Backend is null);

    /// <summary>
    /// A failure that waiting does not mend is told to those who wait for a link, if none is open. Those who wait for a connection are told
    /// by one of theirs: a link may log in by other means.
    /// </summary>
    internal static Step RefuseUnservedLinks(this Step step, Failure failure) =>
        step.State.HasOpenLink() ? step : step.RefuseAllLinks(failure);

    internal static Step RefuseAllLinks(this Step step, Failure failure) =>
        step.State.LinkLine.All.Aggregate(step, (step, waiter) => step.RefuseInLine(waiter, failure));

    private static Step TellLinks(this Step step, Failure failure) => failure.IsTransient ? step : step.RefuseUnservedLinks(failure);

    private static Slot? LinkAs(this PoolState state, LeaseId lease) => state.Links().FirstOrDefault(slot => slot.Lending!.Lease == lease);

    private static Step ForgetLink(this Step step, Slot slot, bool clean, BackendIdentity? leftBehind)
    {
        var holder = slot.Lending!.Waiter.SlotHolder!.Value;
        var held = step.State.SlotHolders[holder];
        step = step
            .With(step.State with
            {
                Slots = step.State.Slots.Remove(slot),
                SlotHolders = held.Count == 1
                    ? step.State.SlotHolders.Remove(holder)
                    : step.State.SlotHolders.SetItem(holder, held with { Count = held.Count - 1 }),
            })
            .Do(new SlotEffects.Ended(slot.Lending.Lease))
            .Repaid(slot);
        return clean && leftBehind is null
            ? step.GiveBack(slot.Permit)
            : step.Do(new PoolEffects.ReleaseGhost(slot.Permit, leftBehind ?? slot.Backend));
    }

    /// <summary>The holder has counted down too, whether or not the slot was still known here.</summary>
    private static Step CountDown(this Step step, SlotHolder? holder) =>
        holder is { } known && step.State.SlotHolders.TryGetValue(known, out var held) && held.Told.Count > 0
            ? step.With(step.State with { SlotHolders = step.State.SlotHolders.SetItem(known, held with { Told = held.Told.CountedDown }) })
            : step;
}
