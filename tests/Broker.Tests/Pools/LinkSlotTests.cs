using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Connections;
using Broker.Leases;
using Broker.Pools;
using Broker.Pools.Decisions;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>How slots are lent for links, and how they come back.</summary>
public sealed class LinkSlotTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_link_gets_a_slot_with_its_permit_and_no_connection_is_opened_for_it()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        pool.SlotLent(pool.AskSlot());
        Assert.Equal((1, 1), (pool.State.Slots.Counts.Lent, pool.PermitsHeld));
        Assert.Empty(pool.All<PoolEffects.Open>());
    }

    [Fact]
    public void Slots_for_links_and_connections_are_under_one_limit()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        pool.Ask();
        var slots = pool.AskSlots(2);
        var (lease, link) = (pool.Ask(), pool.AskSlot());
        Assert.Equal((true, true, 3), (pool.Waits(lease), pool.Waits(link), pool.PermitsHeld));
        pool.GiveBack(slots[0]);
        pool.Lent(lease);
        pool.GiveBack(slots[1]);
        pool.SlotLent(link);
        Assert.Equal(3, pool.PermitsHeld);
    }

    [Fact]
    public void An_unlimited_pool_lends_slots_as_it_lends_connections()
    {
        var pool = new PoolDriver("size = 0");
        pool.AskMany(3);
        Assert.Equal(50, pool.AskSlots(50).Length);
    }

    [Fact]
    public void A_slot_that_comes_back_clean_gives_its_permit_back_once()
    {
        var pool = new PoolDriver();
        var slot = pool.SlotLent(pool.AskSlot());
        pool.GiveBack(slot);
        pool.GiveBack(slot);
        Assert.Equal((0, 0), (pool.PermitsHeld, pool.State.Slots.Count));
        Assert.Equal(slot.Lease, Assert.Single(pool.All<SlotEffects.Ended>()).Lease);
    }

    [Fact]
    public void A_slot_that_comes_back_unclean_leaves_a_ghost_of_the_process_that_was_named()
    {
        var pool = new PoolDriver();
        var slots = pool.AskSlots(3);
        pool.Name(slots[0]);
        pool.GiveBack(slots[0], new ReturnSlot(slots[0].Lease, CloseReason.Broken, Clean: false));
        var left = PoolDriver.Backend(new(77));
        pool.GiveBack(slots[1], new ReturnSlot(slots[1].Lease, CloseReason.Broken, Clean: false) { LeftBehind = left });
        pool.GiveBack(slots[2], new ReturnSlot(slots[2].Lease, CloseReason.Broken, Clean: false));
        Assert.Equal([PoolDriver.Backend(slots[0].Connection), left, null], pool.All<PoolEffects.ReleaseGhost>().Select(ghost => ghost.Backend));
        Assert.Equal(0, pool.PermitsHeld);
    }

    [Fact]
    public void The_budget_hears_of_the_process_behind_a_slot()
    {
        var pool = new PoolDriver();
        var slot = pool.SlotLent(pool.AskSlot());
        pool.Name(slot);
        Assert.Equal(PoolDriver.Backend(slot.Connection), Assert.Single(pool.All<PoolEffects.NameBackend>()).Backend);
        Assert.Single(pool.All<PoolEffects.Connected>());
    }

    [Fact]
    public void Links_that_cannot_be_opened_make_the_pauses_longer_for_everybody()
    {
        var pool = new PoolDriver("size = 5, reconnect { min-backoff = 1s, max-backoff = 10s, jitter = 0 }") { Opens = false };
        var down = new ServerUnavailable(pool.State.Pool, "db:5432", "connection refused");
        pool.GiveBack(pool.SlotLent(pool.AskSlot()), down);
        Assert.Equal((down, 1), (pool.State.Connects.LastFailure, pool.State.Connects.Failures));
        pool.GiveBack(pool.SlotLent(pool.AskSlot()), down);
        var (link, lease) = (pool.AskSlot(), pool.Ask());
        Assert.Equal((true, 0), (pool.Waits(link), pool.PermitsHeld));

        pool.Advance(Second);
        var slot = pool.SlotLent(link);
        Assert.Equal((true, 1), (pool.Waits(lease), pool.PermitsHeld));
        pool.Name(slot);
        Assert.Equal(ConnectHistory.None, pool.State.Connects);
        Assert.Equal(2, pool.PermitsHeld);
    }

    [Fact]
    public void Links_that_fail_together_count_as_one_failure()
    {
        var pool = new PoolDriver("size = 5, overflow = 0");
        foreach (var slot in pool.AskSlots(5))
        {
            pool.GiveBack(slot, new ServerUnavailable(pool.State.Pool, "db:5432", "connection refused"));
        }

        Assert.Equal(1, pool.State.Connects.Failures);
    }

    [Fact]
    public void A_refused_login_of_a_link_is_told_to_those_who_wait_for_links_and_to_nobody_else()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var slot = pool.SlotLent(pool.AskSlot());
        var (link, lease) = (pool.AskSlot(), pool.Ask());
        var failure = new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed");
        pool.GiveBack(slot, failure);
        Assert.Equal(failure, pool.Refused<LoginRefused>(link));
        pool.Lent(lease);
    }

    [Fact]
    public void A_refused_login_of_a_link_is_told_to_nobody_while_another_link_is_open()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var slots = pool.AskSlots(2);
        pool.Name(slots[0]);
        var link = pool.AskSlot();
        pool.GiveBack(slots[1], new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed"));
        pool.SlotLent(link);
    }

    [Fact]
    public void An_open_link_serves_no_lease_whose_connection_is_refused()
    {
        var pool = new PoolDriver("size = 2, overflow = 0") { Opens = false };
        pool.Name(pool.SlotLent(pool.AskSlot()));
        var lease = pool.Ask();
        pool.ConnectFails(new(2), new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed"));
        pool.Refused<LoginRefused>(lease);
    }

    [Fact]
    public void A_link_that_was_taken_back_while_it_connected_says_nothing_about_the_server()
    {
        var pool = new PoolDriver();
        var link = pool.AskSlot();
        pool.Withdraw(link);
        pool.GiveBack(pool.SlotLent(link), new ServerUnavailable(pool.State.Pool, "db:5432", "the connect was given up"));
        Assert.Equal(ConnectHistory.None, pool.State.Connects);
    }

    [Fact]
    public void A_refused_login_of_a_connection_is_not_told_to_those_who_wait_for_links()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { Opens = false };
        var lease = pool.Ask();
        var link = pool.AskSlot();
        pool.ConnectFails(new(1), new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed"));
        pool.Refused<LoginRefused>(lease);
        pool.SlotLent(link);
    }

    [Fact]
    public void While_logins_are_refused_newcomers_that_want_a_link_hear_it_at_once_unless_a_link_is_open()
    {
        var failure = new LoginRefused(new("orders", "app"), "db:5432", "28P01", "password authentication failed");
        var pool = new PoolDriver("size = 5");
        pool.GiveBack(pool.SlotLent(pool.AskSlot()), failure);
        pool.GiveBack(pool.SlotLent(pool.AskSlot()), failure);
        Assert.Equal(failure, pool.Refused<LoginRefused>(pool.AskSlot()));
        Assert.True(pool.Waits(pool.Ask()));

        var open = new PoolDriver("size = 5");
        var slots = open.AskSlots(3);
        open.Name(slots[0]);
        open.GiveBack(slots[1], failure);
        open.GiveBack(open.SlotLent(open.AskSlot()), failure);
        Assert.True(open.Waits(open.AskSlot()));
    }

    [Fact]
    public void A_request_past_its_deadline_is_refused()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        pool.AskMany(2);
        var link = pool.AskSlot(timeout: Second);
        pool.Advance(Second - TimeSpan.FromTicks(1));
        Assert.True(pool.Waits(link));
        pool.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(new PoolExhausted(pool.State.Pool, 2, 2, 1, Second, Second), pool.Refused<PoolExhausted>(link));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_request_past_its_deadline_hears_why_no_link_could_be_opened_unless_one_is_open(bool open)
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var slots = pool.AskSlots(2);
        if (open)
        {
            pool.Name(slots[0]);
        }

        pool.Grants = false;
        var down = new ServerUnavailable(pool.State.Pool, "db:5432", "connection refused");
        pool.GiveBack(slots[1], down);
        var link = pool.AskSlot(timeout: Second);
        pool.Advance(Second);
        var failure = Assert.IsType<PoolEffects.Refuse>(pool.Requests[link]).Failure;
        Assert.Equal(open ? typeof(PoolExhausted) : typeof(ServerUnavailable), failure.GetType());
    }

    [Fact]
    public void A_slot_lent_to_one_that_withdrew_a_moment_before_is_taken_back_and_leaves_nothing()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var first = pool.AskSlot();
        var second = pool.AskSlot();
        pool.Withdraw(second);
        pool.Withdraw(first);
        Assert.Equal(pool.SlotLent(first).Lease, Assert.Single(pool.All<SlotEffects.Revoke>()).Lease);
        Assert.Equal(1, pool.PermitsHeld);
        pool.GiveBack(pool.SlotLent(first));
        Assert.Equal((0, 0, 0), (pool.PermitsHeld, pool.Asked, pool.State.LinkLine.Count));
        Assert.Null(pool.Requests[second]);
    }

    [Fact]
    public void A_holder_that_dies_leaves_ghosts_and_waits_no_more()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var named = pool.SlotLent(pool.AskSlot());
        pool.Name(named);
        pool.AskSlot();
        var others = pool.SlotLent(pool.AskSlot(holder: 2));
        pool.AskSlot();
        pool.HolderOfSlotsDies(1);
        var ghosts = pool.All<PoolEffects.ReleaseGhost>().Select(ghost => ghost.Backend).OrderBy(backend => backend is null);
        Assert.Equal([PoolDriver.Backend(named.Connection), null], ghosts);
        Assert.Equal((1, 0), (pool.PermitsHeld, pool.State.LinkLine.Count));
        pool.GiveBack(others);
        Assert.Equal(0, pool.PermitsHeld);
    }

    [Fact]
    public void A_link_that_broke_has_idle_connections_proven_alive()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var slot = pool.SlotLent(pool.AskSlot());
        pool.Return(pool.Ask());
        pool.GiveBack(slot, new ReturnSlot(slot.Lease, CloseReason.Broken, Clean: false));
        Assert.Single(pool.All<PoolEffects.Ping>());
    }

    [Fact]
    public void What_is_for_callers_who_keep_a_connection_too_long_is_not_for_links()
    {
        var pool = new PoolDriver(
            "size = 2, overflow = 0, max-lease = 1s, leak-threshold = 1s, recycle-after = 1s, idle-timeout = 1s, keepalive = 1s");
        pool.AskSlot();
        pool.Advance(TimeSpan.FromHours(1));
        pool.Feed(PoolEvents.Tick.Instance);
        Assert.Empty(pool.All<SlotEffects.Revoke>());
        Assert.Empty(pool.All<PoolEffects.ReportLeak>());
        Assert.Equal(1, pool.State.Slots.Counts.Lent);
    }

    [Fact]
    public void A_flow_that_holds_a_lease_waits_for_one_more_while_a_link_may_give_way()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var slot = pool.SlotLent(pool.AskSlot());
        var lent = pool.Lent(pool.Ask());
        var nested = pool.Ask(held: [lent.Lease]);
        Assert.True(pool.Waits(nested));
        pool.GiveBack(slot);
        pool.Lent(nested);
    }

    [Fact]
    public void Links_have_no_connection_held_ready_and_run_no_hook()
    {
        var pool = new PoolDriver(PoolSettings.Parse("size = 3, overflow = 0, min-idle = 2"), firstConnectHook: true) { Opens = false };
        pool.AskSlots(2);
        Assert.Empty(pool.All<PoolEffects.Open>());
        pool.Ask();
        Assert.True(Assert.Single(pool.All<PoolEffects.Open>()).First);
        Assert.Equal(3, pool.PermitsHeld);
    }

    [Fact]
    public void A_link_does_not_wait_for_the_first_connect_hook()
    {
        var pool = new PoolDriver(PoolSettings.Parse("size = 5"), firstConnectHook: true) { Opens = false };
        pool.Ask();
        pool.Ask();
        pool.SlotLent(pool.AskSlot());
        Assert.Single(pool.All<PoolEffects.Open>());
    }

    [Fact]
    public void Invalidation_has_links_given_back_when_they_come_free_and_hard_ends_them()
    {
        var pool = new PoolDriver();
        var slots = pool.AskSlots(2);
        pool.AskSlot(holder: 2);
        pool.Feed(new PoolEvents.Invalidated(Hard: false));
        Assert.Equal([new(new(1), CloseReason.Invalidated), new(new(2), CloseReason.Invalidated)], pool.All<SlotEffects.Outdate>());
        Assert.Empty(pool.All<SlotEffects.Revoke>());
        pool.GiveBack(slots[0]);
        pool.Feed(new PoolEvents.Invalidated(Hard: true));
        Assert.Equal(2, pool.All<SlotEffects.Revoke>().Count());
    }

    [Fact]
    public void A_pool_that_stops_waits_for_its_links_and_refuses_whoever_wants_one()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var slot = pool.SlotLent(pool.AskSlot());
        var waiting = pool.AskSlot();
        pool.Feed(new PoolEvents.Stop(Drain: true));
        pool.Refused<BrokerStopping>(waiting);
        pool.Refused<BrokerStopping>(pool.AskSlot());
        Assert.Equal(CloseReason.Stopping, Assert.Single(pool.All<SlotEffects.Outdate>()).Reason);
        Assert.Empty(pool.All<SlotEffects.Revoke>());
        Assert.DoesNotContain(PoolEffects.Stopped.Instance, pool.Effects);

        pool.Feed(new Broker.Budgets.BudgetEvents.YieldAsked(1));
        Assert.Empty(pool.All<SlotEffects.Want>());
        pool.Feed(new PoolEvents.Stop(Drain: false));
        Assert.Equal(slot.Lease, Assert.Single(pool.All<SlotEffects.Revoke>()).Lease);
        pool.GiveBack(slot);
        Assert.Contains(PoolEffects.Stopped.Instance, pool.Effects);
    }

    [Fact]
    public void A_suspended_pool_holds_or_refuses_links_as_it_does_leases()
    {
        var holding = new PoolDriver("suspended = hold");
        holding.Feed(PoolEvents.Suspended.Instance);
        var link = holding.AskSlot();
        Assert.True(holding.Waits(link));
        holding.Feed(PoolEvents.Resumed.Instance);
        holding.SlotLent(link);

        var refusing = new PoolDriver("suspended = refuse");
        refusing.Feed(PoolEvents.Suspended.Instance);
        refusing.Refused<PoolHeld>(refusing.AskSlot());
    }

    [Fact]
    public void Links_are_under_the_limit_of_every_kind_of_pool()
    {
        var opening = new PoolDriver("kind = null, size = 1, overflow = 1");
        opening.AskSlots(2);
        Assert.True(opening.Waits(opening.AskSlot()));

        var single = new PoolDriver("kind = static");
        var slot = single.SlotLent(single.AskSlot());
        var lease = single.Ask();
        Assert.True(single.Waits(lease));
        single.GiveBack(slot);
        single.Return(lease);
        single.SlotLent(single.AskSlot());
    }

    [Fact]
    public void In_an_assertion_pool_a_link_is_no_borrower_and_gives_way_to_one()
    {
        var pool = new PoolDriver("kind = assertion");
        var slot = pool.SlotLent(pool.AskSlot());
        var lease = pool.Ask(holder: "Orders.Load");
        Assert.True(pool.Waits(lease));
        pool.GiveBack(slot);
        pool.Lent(lease);
        Assert.Contains("Orders.Load", pool.Refused<PoolBusy>(pool.AskSlot()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_status_says_that_a_slot_is_lent_to_the_gateway()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var slot = pool.SlotLent(pool.AskSlot());
        pool.Name(slot);
        pool.AskMany(1);
        pool.AskSlot();
        pool.Advance(Second);
        pool.Ask();
        var status = pool.State.Status(0, 10, pool.Now);
        var lent = status.Leases[0];
        Assert.Equal((slot.Lease, slot.Connection, "gateway", Second), (lent.Lease, lent.Connection, lent.Holder, lent.Held));
        Assert.Equal(PoolDriver.Backend(slot.Connection).Pid, lent.BackendPid);
        Assert.Equal((2, 2, Second), (status.Lent, status.Waiting, status.OldestWait));
    }
}
