using Broker.Configuration;
using Broker.Connections;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>How a pool takes settings that were read anew.</summary>
public sealed class ChangingTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_larger_size_serves_those_who_wait_already()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        pool.AskMany(1);
        var waiting = pool.Ask();
        var more = pool.AskSlot();
        Change(pool, "size = 3, overflow = 0");
        pool.Lent(waiting);
        pool.SlotLent(more);
    }

    [Fact]
    public void A_smaller_size_closes_what_is_idle_and_leaves_what_is_lent()
    {
        var pool = new PoolDriver("size = 4, overflow = 0");
        var lent = pool.AskMany(4);
        pool.Return(lent[0]);
        Change(pool, "size = 2, overflow = 0");
        Assert.Equal((3, 0), (pool.State.Slots.Counts.Lent, pool.State.Slots.Counts.Idle));
        Assert.Empty(pool.All<PoolEffects.Revoke>());
    }

    [Fact]
    public void What_is_beyond_a_smaller_limit_closes_when_it_comes_back_whoever_waits()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(3);
        Change(pool, "size = 1, overflow = 0");
        var waiting = pool.Ask();
        pool.Return(lent[0]);
        pool.Return(lent[1]);
        Assert.Equal((1, 1), (pool.State.Slots.Count, pool.State.Slots.Counts.Lent));
        Assert.True(pool.Waits(waiting));
        pool.Return(lent[2]);
        Assert.Equal(lent[2].Connection, pool.Lent(waiting).Connection);
    }

    [Fact]
    public void Links_beyond_a_smaller_limit_are_wanted_back_before_everybody()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var slots = pool.AskSlots(3);
        var waiting = pool.AskSlot();
        Change(pool, "size = 1, overflow = 0");
        Assert.Equal(new SlotWish(2, SlotWish.BeforeAll), pool.Wanted[new(1)]);
        pool.GiveBack(slots[0]);
        pool.GiveBack(slots[1]);
        Assert.Equal(SlotWish.None, pool.Wanted[new(1)]);
        Assert.True(pool.Waits(waiting));
        pool.GiveBack(slots[2]);
        pool.SlotLent(waiting);
    }

    [Fact]
    public void Permits_beyond_a_smaller_limit_are_asked_for_no_longer()
    {
        var pool = new PoolDriver("size = 5, overflow = 0") { Grants = false };
        for (var i = 0; i < 5; i++)
        {
            pool.Ask();
        }

        Change(pool, "size = 2, overflow = 0");
        Assert.Equal(2, pool.Asked);
    }

    [Fact]
    public void Connections_that_are_opened_otherwise_from_now_on_serve_nobody_else()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(2);
        var slot = pool.AskSlot();
        pool.Return(lent[0]);
        Change(pool, "size = 3, overflow = 0", outdates: true);
        Assert.Equal((0, 2), (pool.State.Slots.Counts.Idle, pool.State.Slots.Counts.Lent));
        Assert.Equal(CloseReason.Invalidated, Assert.Single(pool.All<SlotEffects.Outdate>()).Reason);
        var next = pool.Ask();
        Assert.True(pool.Lent(next).Connection.Number > pool.SlotLent(slot).Connection.Number);
        pool.Return(lent[1]);
        Assert.Equal(CloseReason.Invalidated, pool.All<PoolEffects.Close>().Last().Reason);
    }

    [Fact]
    public void Those_that_are_the_same_stay_when_only_times_and_sizes_change()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(2);
        pool.Return(lent[0]);
        Change(pool, "size = 2, overflow = 0, idle-timeout = 1h");
        pool.Return(lent[1]);
        Assert.Equal(2, pool.State.Slots.Counts.Idle);
        Assert.Empty(pool.All<PoolEffects.Close>());
    }

    [Fact]
    public void Pauses_after_failures_were_those_of_the_former_server()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, reconnect { min-backoff = 10s, max-backoff = 10s }") { Opens = false };
        pool.Ask();
        pool.ConnectFails(Opening(pool));
        pool.ConnectFails(Opening(pool));
        Assert.Equal(0, pool.State.Slots.Count);
        Change(pool, "size = 1, overflow = 0", outdates: true);
        Assert.Equal(1, pool.State.Slots.Counts.Opening);
    }

    [Fact]
    public void New_times_hold_for_what_is_idle_already()
    {
        var pool = new PoolDriver("size = 3, overflow = 0, idle-timeout = off, keepalive = off");
        foreach (var lent in pool.AskMany(2))
        {
            pool.Return(lent);
        }

        Change(pool, "size = 3, overflow = 0, idle-timeout = 10s, keepalive = 3s, min-idle = 1");
        pool.Advance(3 * Second);
        Assert.NotEmpty(pool.All<PoolEffects.Ping>());
        pool.Advance(8 * Second);
        Assert.Equal(1, pool.State.Slots.Count);
    }

    [Fact]
    public void A_larger_min_idle_is_opened_by_a_pool_that_is_warm()
    {
        var pool = new PoolDriver("size = 3, overflow = 0, min-idle = 0");
        pool.Feed(PoolEvents.WarmUp.Instance);
        Change(pool, "size = 3, overflow = 0, min-idle = 3");
        Assert.Equal(3, pool.State.Slots.Counts.Idle);
    }

    [Fact]
    public void A_pool_that_moves_withdraws_what_it_asked_for_and_owes_nothing_any_more()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(2);
        pool.Grants = false;
        pool.Ask();
        pool.Feed(new Broker.Budgets.BudgetEvents.YieldAsked(2));
        pool.Feed(PoolEvents.BudgetLeft.Instance);
        Assert.Equal((0, 0, 0), (pool.Asked, pool.State.Asked, pool.State.Owed));
        pool.Return(lent[0]);
        Assert.Empty(pool.All<PoolEffects.Close>());
    }

    private static void Change(PoolDriver pool, string settings, bool outdates = false) =>
        pool.Feed(new PoolEvents.SettingsChanged(PoolSettings.Parse(settings), outdates));

    private static Broker.Client.Protocol.ConnectionId Opening(PoolDriver pool) =>
        pool.State.Slots.All.Single(slot => slot.Phase == SlotPhase.Opening).Id;
}
