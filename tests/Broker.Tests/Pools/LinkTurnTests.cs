using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>How links, leases and errands take turns, and make room for each other.</summary>
public sealed class LinkTurnTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void A_permit_is_for_whoever_has_waited_longest()
    {
        var pool = new PoolDriver("size = 4, overflow = 0") { Grants = false };
        var (lease, link, later) = (pool.Ask(), pool.AskSlot(), pool.Ask());
        var last = pool.AskSlot();
        Assert.Equal(4, pool.Asked);
        pool.GrantNext();
        pool.Lent(lease);
        Assert.True(pool.Waits(link));
        pool.GrantNext();
        pool.SlotLent(link);
        Assert.True(pool.Waits(later));
        pool.GrantNext();
        pool.Lent(later);
        Assert.True(pool.Waits(last));
        pool.GrantNext();
        pool.SlotLent(last);
    }

    [Fact]
    public void A_permit_is_not_for_a_lease_whose_connection_is_on_its_way()
    {
        var pool = new PoolDriver("size = 3, overflow = 0") { Grants = false, Opens = false };
        pool.Ask();
        var link = pool.AskSlot();
        pool.Ask();
        pool.GrantNext();
        Assert.Equal(1, pool.State.Slots.Counts.Opening);
        pool.GrantNext();
        pool.SlotLent(link);
    }

    [Fact]
    public void Errands_have_their_turn_among_leases_and_links()
    {
        var pool = new PoolDriver("size = 3, overflow = 0") { Grants = false, TripsWanted = 1 };
        pool.Pump();
        pool.Advance(TimeSpan.FromMilliseconds(1));
        var link = pool.AskSlot();
        pool.GrantNext();
        Assert.Single(pool.OnTrip);
        Assert.True(pool.Waits(link));
        pool.Advance(TimeSpan.FromMilliseconds(1));
        pool.TripsWanted = 1;
        pool.Pump();
        pool.GrantNext();
        pool.SlotLent(link);
        Assert.Single(pool.OnTrip);
    }

    [Fact]
    public void A_connection_that_is_opened_for_a_lease_is_not_counted_for_the_link_behind_it()
    {
        var pool = new PoolDriver("size = 2, overflow = 0") { Opens = false };
        var lease = pool.Ask();
        pool.SlotLent(pool.AskSlot());
        Assert.True(pool.Waits(lease));
        pool.Opened(new(1));
        pool.Lent(lease);
    }

    [Fact]
    public void A_link_at_the_head_does_not_keep_a_lease_from_an_idle_connection()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        pool.Return(pool.Ask());
        pool.Grants = false;
        var link = pool.AskSlot();
        pool.Lent(pool.Ask());
        Assert.True(pool.Waits(link));
    }

    [Fact]
    public void A_lease_at_the_head_does_not_keep_a_link_from_its_slot()
    {
        var pool = new PoolDriver("size = 2, overflow = 0") { Opens = false };
        pool.Ask();
        pool.SlotLent(pool.AskSlot());
    }

    [Fact]
    public void An_idle_connection_is_left_alone_while_there_is_room_for_a_link()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        pool.Return(pool.Ask());
        pool.AskSlot();
        Assert.Empty(pool.All<PoolEffects.Close>());
    }

    [Fact]
    public void Without_room_the_oldest_idle_connection_is_closed_for_a_link_which_gets_its_place()
    {
        var pool = new PoolDriver("size = 2, overflow = 0") { Closes = false };
        var lent = pool.AskMany(2);
        pool.Return(lent[1]);
        pool.Advance(TimeSpan.FromMilliseconds(1));
        pool.Return(lent[0]);
        var link = pool.AskSlot();
        Assert.Equal(new(lent[1].Connection, CloseReason.Yielded), Assert.Single(pool.All<PoolEffects.Close>()));
        Assert.True(pool.Waits(link));
        pool.Closed(lent[1].Connection);
        pool.SlotLent(link);
        Assert.Equal(1, pool.State.Slots.Counts.Idle);
    }

    [Fact]
    public void A_connection_that_comes_back_is_for_the_link_that_has_waited_longer_than_the_lease()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var lent = pool.AskMany(2);
        var (link, lease) = (pool.AskSlot(), pool.Ask());
        pool.Return(lent[0]);
        pool.SlotLent(link);
        Assert.True(pool.Waits(lease));
        pool.Return(lent[1]);
        Assert.Equal(lent[1].Connection, pool.Lent(lease).Connection);
    }

    [Fact]
    public void A_connection_that_comes_back_is_for_the_lease_that_has_waited_longer_than_the_link()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var holder = pool.Ask();
        var (lease, link) = (pool.Ask(), pool.AskSlot());
        pool.Return(holder);
        pool.Lent(lease);
        Assert.True(pool.Waits(link));
        Assert.Empty(pool.All<PoolEffects.Close>());
        pool.Return(lease);
        pool.SlotLent(link);
    }

    [Fact]
    public void A_connection_that_comes_back_from_its_trip_is_for_the_link_that_has_waited_longer_than_the_errands()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { TripsWanted = 1 };
        pool.Pump();
        var link = pool.AskSlot();
        pool.Advance(TimeSpan.FromMilliseconds(1));
        pool.TripsWanted = 1;
        pool.Pump();
        pool.EndTrip(pool.OnTrip[0]);
        pool.SlotLent(link);
    }

    [Fact]
    public void Holders_of_slots_hear_how_many_leases_need_and_since_when_and_nothing_twice()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var slots = pool.AskSlots(3);
        pool.Advance(Second);
        var since = pool.Now;
        var lease = pool.Ask();
        Assert.Equal(new(1, since), Assert.Single(pool.All<SlotEffects.Want>()).Wish);
        pool.Advance(Second);
        Assert.Single(pool.All<SlotEffects.Want>());
        pool.Ask();
        Assert.Equal(new(2, since), pool.All<SlotEffects.Want>().Last().Wish);

        // Each that comes back counts it down on both sides.
        pool.GiveBack(slots[0]);
        pool.Lent(lease);
        pool.GiveBack(slots[1]);
        Assert.Equal(2, pool.All<SlotEffects.Want>().Count(want => want.Wish.Since == since));
        Assert.Equal(0, pool.Wanted[new(1)].Count);
    }

    [Fact]
    public void Holders_hear_that_nothing_is_needed_any_more()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        pool.AskSlots(1);
        pool.Ask();
        Assert.Equal(1, pool.Wanted[new(1)].Count);
        pool.Return(lent);
        Assert.Equal(0, pool.All<SlotEffects.Want>().Last().Wish.Count);
    }

    [Fact]
    public void Errands_need_slots_as_leases_do_and_have_their_reserve_meanwhile()
    {
        var pool = new PoolDriver("size = 2, overflow = 0") { Opens = false };
        pool.AskSlots(2);
        pool.TripsWanted = 1;
        pool.Pump();
        Assert.Equal(1, pool.Wanted[new(1)].Count);
        Assert.True(pool.All<PoolEffects.AskPermits>().Last().Reserve);
    }

    [Fact]
    public void Nothing_is_needed_of_holders_while_there_is_room_or_a_connection_is_on_its_way()
    {
        var pool = new PoolDriver("size = 3, overflow = 0") { Opens = false };
        pool.AskSlots(2);
        pool.Ask();
        Assert.Empty(pool.All<SlotEffects.Want>());
    }

    [Fact]
    public void No_holder_is_asked_for_what_it_waits_for_itself_but_for_what_another_does()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        pool.AskSlots(3, holder: 1);
        pool.AskSlot(holder: 1);
        Assert.Empty(pool.All<SlotEffects.Want>());
        pool.AskSlot(holder: 2);
        Assert.Equal(1, pool.Wanted[new(1)].Count);
    }

    [Fact]
    public void Several_holders_give_in_proportion_and_each_at_least_one()
    {
        var pool = new PoolDriver("size = 8, overflow = 0");
        pool.AskSlots(6, holder: 1);
        pool.AskSlots(2, holder: 2);
        for (var i = 0; i < 4; i++)
        {
            pool.Ask();
        }

        Assert.Equal((3, 1), (pool.Wanted[new(1)].Count, pool.Wanted[new(2)].Count));
    }

    [Fact]
    public void While_many_wait_holders_do_not_hear_of_each_moment()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        pool.AskSlots(1);
        var holder = pool.Ask();
        var waiting = Enumerable.Range(0, 100).Select(_ =>
        {
            pool.Advance(TimeSpan.FromMilliseconds(1));
            return pool.Ask();
        }).ToArray();
        var before = pool.All<SlotEffects.Want>().Count();
        foreach (var next in waiting[..90])
        {
            pool.Return(holder);
            holder = next;
        }

        Assert.InRange(pool.All<SlotEffects.Want>().Count() - before, 1, 10);
        Assert.InRange(pool.Wanted[new(1)].Since, pool.State.Line.First!.Since - TimeSpan.FromMilliseconds(10), pool.State.Line.First!.Since);
    }

    [Fact]
    public void What_is_owed_to_other_pools_goes_before_everybody_and_is_repaid_by_any_that_comes_back()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var slots = pool.AskSlots(2);
        var lent = pool.Lent(pool.Ask());
        pool.Feed(new BudgetEvents.YieldAsked(2));
        Assert.Equal(new(2, SlotWish.BeforeAll), pool.Wanted[new(1)]);
        pool.Return(lent);
        Assert.Equal(1, pool.Wanted[new(1)].Count);
        pool.GiveBack(slots[0]);
        Assert.Equal((0, 0), (pool.Wanted[new(1)].Count, pool.State.Owed));
    }

    [Fact]
    public void What_other_pools_could_use_goes_after_everybody_and_only_while_nobody_waits()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var slots = pool.AskSlots(2);
        pool.Feed(new BudgetEvents.IdleWanted(2));
        Assert.Equal(new(2, SlotWish.AfterAll), pool.Wanted[new(1)]);
        pool.Grants = false;
        var lease = pool.Ask();
        Assert.Equal(0, pool.Wanted[new(1)].Count);
        pool.Withdraw(lease);
        Assert.Equal(2, pool.Wanted[new(1)].Count);
        pool.GiveBack(slots[0]);
        Assert.Equal(new(1, SlotWish.AfterAll), pool.Wanted[new(1)]);
    }

    [Fact]
    public void When_the_budget_grants_nothing_an_idle_connection_is_given_up_for_a_link()
    {
        var pool = new PoolDriver("size = 10, overflow = 0") { MostPermits = 2 };
        var lent = pool.AskMany(2);
        pool.Return(lent[0]);
        var link = pool.AskSlot();
        pool.Advance(Patience - TimeSpan.FromTicks(1));
        Assert.True(pool.Waits(link));
        Assert.Equal(1, pool.State.Slots.Counts.Idle);
        pool.Advance(TimeSpan.FromTicks(1));
        pool.SlotLent(link);
        Assert.Equal(2, pool.PermitsHeld);
    }

    [Fact]
    public void Holders_keep_for_other_pools_what_idle_connections_are_given_up_for()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        pool.AskSlots(2);
        pool.Return(pool.Ask());
        pool.Feed(new BudgetEvents.IdleWanted(2));
        Assert.Equal((1, 1), (pool.Wanted[new(1)].Count, pool.State.Slots.Counts.Idle));
    }

    [Fact]
    public void The_budget_is_waited_for_from_the_first_that_asks_and_anew_from_each_grant()
    {
        var pool = new PoolDriver("size = 10, overflow = 0");
        foreach (var lent in pool.AskMany(2))
        {
            pool.Return(lent);
        }

        pool.Grants = false;
        pool.AskSlot();
        pool.Advance(0.75 * Patience);
        pool.AskSlot();
        pool.GrantNext();
        pool.Advance(0.75 * Patience);
        Assert.Equal(2, pool.State.Slots.Counts.Idle);
        pool.AskSlot();
        pool.Advance(0.25 * Patience);
        Assert.Equal(0, pool.State.Slots.Counts.Idle);
    }

    [Fact]
    public void When_the_budget_grants_nothing_slots_are_needed_by_leases()
    {
        var pool = new PoolDriver("size = 10, overflow = 0") { MostPermits = 2 };
        var slots = pool.AskSlots(2);
        var lease = pool.Ask();
        Assert.Empty(pool.All<SlotEffects.Want>());
        pool.Advance(Patience);
        Assert.Equal(1, pool.Wanted[new(1)].Count);
        pool.GiveBack(slots[0]);
        pool.Lent(lease);
    }

    [Fact]
    public void Idle_connections_are_given_up_one_at_a_time_while_the_budget_gives_their_places_to_others()
    {
        var pool = new PoolDriver("size = 10, overflow = 0");
        foreach (var lent in pool.AskMany(3))
        {
            pool.Return(lent);
        }

        pool.Grants = false;
        pool.AskSlot();
        pool.Advance(Patience);
        Assert.Equal(2, pool.State.Slots.Counts.Idle);
        pool.Advance(Patience);
        Assert.Equal(1, pool.State.Slots.Counts.Idle);
    }

    [Fact]
    public void A_request_that_does_not_queue_does_not_wait_for_a_permit_that_a_link_gets()
    {
        var pool = new PoolDriver("size = 2, overflow = 0, max-waiting = 1") { Grants = false };
        pool.AskSlot();
        pool.AskSlot();
        Assert.Equal(2, pool.Asked);
        pool.Refused<PoolBusy>(pool.Ask(queueing: false));
        Assert.True(pool.Waits(pool.Ask()));
        pool.Refused<PoolBusy>(pool.Ask());

        var first = new PoolDriver("size = 1, overflow = 0") { Grants = false };
        var lease = first.Ask(queueing: false);
        first.AskSlot();
        Assert.True(first.Waits(lease));
    }

    [Fact]
    public void Connections_held_ready_stand_back_behind_links()
    {
        var pool = new PoolDriver("size = 2, overflow = 0, min-idle = 2");
        pool.Return(pool.Ask());
        Assert.Equal(2, pool.State.Slots.Counts.Idle);
        pool.SlotLent(pool.AskSlot());
        Assert.Equal((1, 1), (pool.State.Slots.Counts.Idle, pool.State.Slots.Counts.Lent));

        var cold = new PoolDriver("size = 1, overflow = 2, min-idle = 1") { Grants = false };
        cold.AskSlot();
        cold.AskSlot();
        cold.Feed(PoolEvents.WarmUp.Instance);
        Assert.Equal(2, cold.Asked);
    }
}
