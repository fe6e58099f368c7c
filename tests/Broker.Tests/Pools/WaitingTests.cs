using Broker.Client.Protocol.Failures;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>The waiting line.</summary>
public sealed class WaitingTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Theory] // 5
    [InlineData(3000)]
    [InlineData(125.5)]
    public void A_waiter_past_its_deadline_is_refused_with_the_counts_and_neither_before_nor_after(double milliseconds)
    {
        var limit = TimeSpan.FromMilliseconds(milliseconds);
        var pool = new PoolDriver("size = 1, overflow = 1");
        pool.AskMany(2);
        var waiter = pool.Ask(limit);
        pool.Advance(limit - Tick);
        Assert.True(pool.Waits(waiter));
        pool.Advance(Tick);
        Assert.Equal(new PoolExhausted(pool.State.Pool, 2, 2, 1, limit, limit), pool.Refused<PoolExhausted>(waiter));
    }

    [Fact] // 6
    public void No_waiter_gives_up_before_its_own_limit_however_often_the_slot_goes_to_others()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var holder = pool.Ask();
        var early = Enumerable.Range(0, 20).Select(_ => pool.Ask(TimeSpan.FromSeconds(60))).ToArray();
        var last = pool.Ask(TimeSpan.FromSeconds(10));
        foreach (var next in early.Take(19))
        {
            pool.Advance(TimeSpan.FromSeconds(0.5));
            pool.Return(holder);
            holder = next;
            Assert.True(pool.Waits(last));
        }

        pool.Advance(TimeSpan.FromSeconds(0.5) - Tick);
        Assert.True(pool.Waits(last));
        pool.Advance(Tick);
        pool.Refused<PoolExhausted>(last);
    }

    [Fact]
    public void The_line_is_first_come_first_served()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var holder = pool.Ask();
        var line = Enumerable.Range(0, 5).Select(_ => pool.Ask()).ToArray();
        foreach (var next in line)
        {
            pool.Return(holder);
            pool.Lent(next);
            holder = next;
        }
    }

    [Fact] // 16
    public void Of_borrowers_past_the_limit_some_time_out_and_the_others_succeed()
    {
        var pool = new PoolDriver("size = 2, overflow = 0, acquire-timeout = 1s");
        var asked = Enumerable.Range(0, 6).Select(_ => pool.Ask()).ToArray();
        pool.Advance(TimeSpan.FromSeconds(0.5));
        pool.Return(asked[0]);
        pool.Return(asked[1]);
        pool.Advance(TimeSpan.FromSeconds(0.5));
        Assert.All(asked[..4], waiter => pool.Lent(waiter));
        Assert.All(asked[4..], waiter => pool.Refused<PoolExhausted>(waiter));
    }

    [Fact] // 17
    public void A_request_that_does_not_queue_fails_at_once_when_all_are_busy()
    {
        var pool = new PoolDriver("size = 1, overflow = 1");
        pool.AskMany(2);
        Assert.Equal(new PoolBusy(pool.State.Pool, 2, 2), pool.Refused<PoolBusy>(pool.Ask(queueing: false)));
    }

    [Fact] // 17
    public void A_request_that_does_not_queue_waits_for_a_connection_opened_for_it()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { Opens = false };
        var waiter = pool.Ask(queueing: false);
        Assert.True(pool.Waits(waiter));
        pool.Opened(new(1));
        pool.Lent(waiter);
    }

    [Fact]
    public void A_line_that_is_full_refuses_at_once()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, max-waiting = 2");
        pool.Ask();
        Assert.True(pool.Waits(pool.Ask()));
        Assert.True(pool.Waits(pool.Ask()));
        pool.Refused<PoolBusy>(pool.Ask());
    }

    [Fact] // 18
    public void Under_overload_long_waits_are_shed_by_timer_even_when_nothing_returns()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, shed { target = 50ms, interval = 2s }");
        pool.Ask();
        pool.Advance(TimeSpan.FromSeconds(3));
        var waiting = Enumerable.Range(0, 10).Select(_ => pool.Ask()).ToArray();
        pool.Advance(TimeSpan.FromSeconds(2) - Tick);
        Assert.All(waiting, waiter => Assert.True(pool.Waits(waiter)));
        pool.Advance(Tick);
        Assert.All(waiting, waiter => Assert.Equal(TimeSpan.FromSeconds(2), pool.Refused<LoadShed>(waiter).Waited));

        var later = pool.Ask();
        pool.Advance(TimeSpan.FromMilliseconds(100) - Tick);
        Assert.True(pool.Waits(later));
        pool.Advance(Tick);
        pool.Refused<LoadShed>(later);
    }

    [Fact] // 18
    public void Nobody_is_shed_while_the_best_wait_of_an_interval_is_within_the_target()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, shed { target = 50ms, interval = 2s }");
        var holder = pool.Ask();
        var patient = pool.Ask(TimeSpan.FromSeconds(60));
        pool.Advance(TimeSpan.FromMilliseconds(40));
        pool.Return(holder);
        pool.Lent(patient);
        var next = pool.Ask();
        pool.Advance(TimeSpan.FromSeconds(1.99));
        Assert.True(pool.Waits(next));
        pool.Advance(TimeSpan.FromSeconds(1.5));
        Assert.True(pool.Waits(next));
    }

    [Fact] // 19
    public void Waiters_that_died_are_skipped()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var holder = pool.Ask();
        var line = Enumerable.Range(0, 10).Select(_ => pool.Ask()).ToArray();
        foreach (var dead in line[..9])
        {
            pool.Withdraw(dead);
        }

        pool.Return(holder);
        pool.Lent(line[9]);
    }

    [Fact] // 19
    public void A_lease_lent_to_one_who_withdrew_a_moment_before_is_called_back()
    {
        var pool = new PoolDriver();
        var waiter = pool.Ask();
        var lent = pool.Lent(waiter);
        pool.Withdraw(waiter);
        Assert.Equal(lent.Lease, Assert.Single(pool.All<PoolEffects.Revoke>()).Lease);
        pool.Return(lent);
        Assert.Equal(1, pool.State.Slots.Counts.Idle);
    }

    [Fact] // 20
    public void After_saturation_the_pool_serves_normally_with_no_residue()
    {
        var pool = new PoolDriver("size = 2, overflow = 2, acquire-timeout = 1s, shed { target = 50ms, interval = 500ms }");
        var lent = pool.AskMany(4);
        for (var i = 0; i < 100; i++)
        {
            pool.Ask();
        }

        pool.Advance(TimeSpan.FromSeconds(5));
        foreach (var lease in lent)
        {
            pool.Return(lease);
        }

        Assert.True(pool.State.Line.IsEmpty);
        Assert.Equal((0, 0), (pool.Asked, pool.State.Slots.Counts.Lent));
        pool.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(4, pool.AskMany(4).Length);
        var waiter = pool.Ask();
        pool.Advance(TimeSpan.FromMilliseconds(400));
        Assert.True(pool.Waits(waiter));
    }

    [Fact] // 23
    public void A_suspended_pool_holds_new_borrowers_and_serves_them_on_resume()
    {
        var pool = new PoolDriver("suspended = hold");
        pool.Feed(PoolEvents.Suspended.Instance);
        var held = new[] { pool.Ask(), pool.Ask() };
        Assert.All(held, waiter => Assert.True(pool.Waits(waiter)));
        Assert.Equal(0, pool.Open);
        pool.Feed(PoolEvents.Resumed.Instance);
        Assert.All(held, waiter => pool.Lent(waiter));
    }

    [Fact] // 23
    public void A_suspended_pool_that_refuses_says_so_at_once()
    {
        var pool = new PoolDriver("suspended = refuse");
        pool.Feed(PoolEvents.Suspended.Instance);
        pool.Refused<PoolHeld>(pool.Ask());
        Assert.IsType<PoolHeld>(pool.State.RefusesErrands);
    }

    [Fact] // 23
    public void A_held_borrower_still_has_its_limit()
    {
        var pool = new PoolDriver("acquire-timeout = 1s");
        pool.Feed(PoolEvents.Suspended.Instance);
        var waiter = pool.Ask();
        pool.Advance(TimeSpan.FromSeconds(1));
        pool.Refused<PoolExhausted>(waiter);
    }

    [Fact]
    public void Fifteen_callers_that_each_want_one_more_fail_at_once_at_the_one_that_closes_the_circle()
    {
        var pool = new PoolDriver("size = 5, overflow = 10");
        var lent = pool.AskMany(15);
        var nested = lent[..14].Select(lease => pool.Ask(held: [lease.Lease])).ToArray();
        Assert.All(nested, waiter => Assert.True(pool.Waits(waiter)));
        Assert.Equal(new SelfStarved(pool.State.Pool, 15), pool.Refused<SelfStarved>(pool.Ask(held: [lent[14].Lease])));
        pool.Return(lent[14]);
        pool.Lent(nested[0]);
    }

    [Fact]
    public void Nested_requests_wait_when_one_lease_is_held_by_a_flow_that_does_not_wait()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var lent = pool.AskMany(2);
        var outer = pool.Ask();
        Assert.True(pool.Waits(pool.Ask(held: [lent[0].Lease])));
        Assert.True(pool.Waits(outer));
    }

    [Fact]
    public void A_nested_request_waits_when_the_pool_itself_will_end_a_lease_in_time()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, max-lease = 5s, acquire-timeout = 30s");
        var lent = pool.Lent(pool.Ask());
        Assert.True(pool.Waits(pool.Ask(held: [lent.Lease])));
        pool.Refused<SelfStarved>(pool.Ask(TimeSpan.FromSeconds(4), held: [lent.Lease]));

        var called = new PoolDriver("size = 1, overflow = 0");
        lent = called.Lent(called.Ask());
        called.Feed(new PoolEvents.LeaseInvalidated(lent.Lease, Hard: true));
        Assert.True(called.Waits(called.Ask(held: [lent.Lease])));
    }

    [Fact]
    public void A_pool_told_to_wait_lets_the_circle_time_out()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, self-starved = wait, acquire-timeout = 1s");
        var lent = pool.AskMany(1);
        var nested = pool.Ask(held: [lent[0].Lease]);
        pool.Advance(TimeSpan.FromSeconds(1));
        pool.Refused<PoolExhausted>(nested);
    }
}
