namespace Broker.Pools.Decisions;

/// <summary>
/// How links and the pool's own connections make room for each other: neither is of use to who waits for the other, so what is idle is
/// closed for it when its turn has come.
/// </summary>
internal static class LinkTurns
{
    // A budget that has room answers within a moment. One that has none answers when somebody gives something up.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    /// <summary>Closes idle connections, the oldest first, for links that have waited longer than all whom these could serve.</summary>
    internal static Step MakeRoomForLinks(this Step step)
    {
        if (step.State.LinkLine.IsEmpty || step.State.Slots.Counts.Idle == 0)
        {
            return step;
        }

        for (var left = Allotment.Of(step.State, step.Now).ToClose; left > 0; left--)
        {
            step = step.Close(step.State.Slots.OldestIdle!, Connections.CloseReason.Yielded);
        }

        return step;
    }

    /// <summary>Tells holders how many of their slots others need, where that has changed.</summary>
    internal static Step WantSlots(this Step step)
    {
        if (step.State.SlotHolders.IsEmpty || step.State.Stopping)
        {
            return step;
        }

        var left = Allotment.Of(step.State, step.Now).Left;
        foreach (var (holder, held) in step.State.SlotHolders)
        {
            var wish = step.State.WishFor(holder, held.Count, left.AsSpan());
            if (!held.Told.SaysEnoughOf(wish))
            {
                step = step
                    .With(step.State with { SlotHolders = step.State.SlotHolders.SetItem(holder, held with { Told = wish }) })
                    .Do(new SlotEffects.Want(holder, wish));
            }
        }

        return step;
    }

    /// <summary>
    /// Makes sure to look again when the permits that are asked for do not come: then something of the pool's own must be given up for who
    /// waits, if it has anything that who waits cannot use.
    /// </summary>
    internal static Step LookAfterPermits(this Step step) =>
        step.State.Asked > 0 && !step.State.PermitsStall(step.Now) && (!step.State.LinkLine.IsEmpty || !step.State.SlotHolders.IsEmpty)
            ? step.WakeBy(step.State.PermitsMovedAt + Patience)
            : step;

    /// <summary>A permit is given back: the budget may have one to grant.</summary>
    internal static Step GiveBack(this Step step, Budgets.PermitId permit) =>
        step.With(step.State with { PermitsMovedAt = step.Now }).Do(new PoolEffects.ReleasePermit(permit));

    /// <summary>Places for connections that are not there yet: under the limit, and under the budget as far as can be seen.</summary>
    internal static int Places(this PoolState state, TimeSpan now)
    {
        var closing = state.Slots.Counts.Closing;
        return state.PermitsStall(now) ? closing : (int)Math.Min(int.MaxValue, (long)closing + state.Asked + state.Room());
    }

    private static bool PermitsStall(this PoolState state, TimeSpan now) => state.Asked > 0 && state.PermitsMovedAt + Patience <= now;

    /// <summary>
    /// What is owed to other pools, or is beyond a limit that was lowered, goes first. Several holders give in proportion to what they
    /// have, rounded up: one of them may have nothing that comes free for long.
    /// </summary>
    private static SlotWish WishFor(this PoolState state, SlotHolder holder, int held, ReadOnlySpan<LeftOut> left)
    {
        var due = Math.Max(state.Owed, state.OverLimit());
        var (count, since) = due > 0 ? (due, SlotWish.BeforeAll) : WaitingBeside(holder, left);
        if (count == 0 && state.NobodyWaits())
        {
            (count, since) = (Math.Max(0, state.IdleWanted - state.Slots.Counts.Idle), SlotWish.AfterAll);
        }

        var links = state.Slots.Counts.Links;
        var share = (int)Math.Min(held, (((long)count * held) + links - 1) / links);
        return share == 0 ? SlotWish.None : new SlotWish(share, since);
    }

    /// <summary>Whom a holder does not keep waiting itself.</summary>
    private static (int Count, TimeSpan Since) WaitingBeside(SlotHolder holder, ReadOnlySpan<LeftOut> left)
    {
        var (count, since) = (0, Moment.Never);
        foreach (var other in left)
        {
            if (other.Holder != holder)
            {
                (count, since) = (count + other.Count, Moment.Earlier(since, other.Since));
            }
        }

        return (count, since);
    }
}
