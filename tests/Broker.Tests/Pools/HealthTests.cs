using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>Age, idleness, pings, and what follows when a connection breaks.</summary>
public sealed class HealthTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Fact] // 10
    public void Fifo_takes_the_connection_that_returned_first()
    {
        var pool = new PoolDriver("order = fifo");
        var lent = pool.AskMany(3);
        pool.Return(lent[1]);
        pool.Return(lent[0]);
        pool.Return(lent[2]);
        Assert.Equal([2, 1, 3], pool.AskMany(3).Select(lease => lease.Connection.Number));
    }

    [Fact] // 10
    public void Lifo_takes_the_connection_that_returned_last()
    {
        var pool = new PoolDriver("order = lifo");
        var lent = pool.AskMany(3);
        pool.Return(lent[1]);
        pool.Return(lent[0]);
        pool.Return(lent[2]);
        Assert.Equal([3, 1, 2], pool.AskMany(3).Select(lease => lease.Connection.Number));
    }

    [Fact] // 22
    public void Minimum_idle_is_refilled_even_where_the_first_opens_fail()
    {
        var pool = new PoolDriver("min-idle = 2, size = 5, reconnect.jitter = 0") { Opens = false };
        pool.Feed(PoolEvents.WarmUp.Instance);
        Assert.Equal(2, pool.State.Slots.Counts.Opening);
        pool.ConnectFails(new(1));
        pool.ConnectFails(new(2));
        pool.ConnectFails(new(3));
        pool.ConnectFails(new(4));
        pool.Opens = true;
        pool.Advance(Second);
        Assert.Equal(2, pool.State.Slots.Counts.Idle);
        pool.Feed(new PoolEvents.Invalidated(false));
        Assert.Equal(2, pool.State.Slots.Counts.Idle);
        pool.Ask();
        Assert.Equal((1, 2), (pool.State.Slots.Counts.Lent, pool.State.Slots.Counts.Idle));
    }

    [Fact] // 22
    public void Minimum_idle_of_zero_is_honoured()
    {
        var pool = new PoolDriver("min-idle = 0, idle-timeout = 10s, keepalive = off");
        pool.Return(pool.Ask());
        pool.Advance(10 * Second);
        Assert.Equal(0, pool.Open);
        pool.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, pool.Open);
    }

    [Fact] // 22
    public void Minimum_idle_never_takes_overflow()
    {
        var pool = new PoolDriver("size = 3, overflow = 10, min-idle = 3");
        pool.AskMany(2);
        Assert.Equal(3, pool.Open);
    }

    [Fact]
    public void Idle_connections_above_the_minimum_are_closed_after_their_time()
    {
        var pool = new PoolDriver("size = 5, min-idle = 1, idle-timeout = 10s, keepalive = off");
        foreach (var lent in pool.AskMany(4))
        {
            pool.Return(lent);
        }

        pool.Advance((10 * Second) - Tick);
        Assert.Equal(4 + 1, pool.Open);
        pool.Advance(Tick);
        Assert.Equal(1, pool.Open);
        Assert.All(pool.All<PoolEffects.Close>(), close => Assert.Equal(CloseReason.IdleTimeout, close.Reason));
    }

    [Fact] // 26
    public void Recycle_by_age_happens_at_checkout()
    {
        var pool = new PoolDriver("recycle-after = 60s, recycle-jitter = 0, keepalive = off, idle-timeout = off");
        pool.Return(pool.Ask());
        pool.Advance((60 * Second) - Tick);
        Assert.Empty(pool.All<PoolEffects.Close>());
        var before = pool.Ask();
        Assert.Equal(1, pool.Lent(before).Connection.Number);
        pool.Return(before);
        pool.Advance(Tick);
        Assert.Empty(pool.All<PoolEffects.Close>());
        Assert.Equal(2, pool.Lent(pool.Ask()).Connection.Number);
        Assert.Equal(CloseReason.Recycled, Assert.Single(pool.All<PoolEffects.Close>()).Reason);
    }

    [Fact] // 26
    public void A_maximum_life_never_ends_a_connection_in_use_but_does_at_return()
    {
        var pool = new PoolDriver("recycle-after = 60s");
        var lent = pool.Lent(pool.Ask());
        pool.Advance(600 * Second);
        Assert.Empty(pool.All<PoolEffects.Close>());
        pool.Return(lent);
        Assert.Equal(CloseReason.Recycled, Assert.Single(pool.All<PoolEffects.Close>()).Reason);
    }

    [Fact]
    public void Connections_opened_together_do_not_all_grow_old_together()
    {
        var pool = new PoolDriver("size = 100, recycle-after = 100s, recycle-jitter = 0.5");
        pool.AskMany(100);
        var ages = pool.State.Slots.All.Select(slot => slot.ExpiresAt - pool.Now).ToArray();
        Assert.All(ages, age => Assert.InRange(age, 50 * Second, 100 * Second));
        Assert.True(ages.Distinct().Count() > 90);
        Assert.InRange(ages.Average(age => age.TotalSeconds), 65, 85);
    }

    [Fact] // 32
    public void The_ping_is_skipped_just_after_connecting_and_within_the_bypass_window()
    {
        var pool = new PoolDriver("ping = on, ping-bypass = 500ms, keepalive = off");
        var waiter = pool.Ask();
        pool.Return(waiter);
        pool.Advance(TimeSpan.FromMilliseconds(500));
        waiter = pool.Ask();
        pool.Lent(waiter);
        Assert.Empty(pool.All<PoolEffects.Ping>());
        pool.Return(waiter);
        pool.Advance(TimeSpan.FromMilliseconds(501));
        pool.Lent(pool.Ask());
        Assert.Single(pool.All<PoolEffects.Ping>());
    }

    [Fact] // 32
    public void The_ping_is_skipped_after_a_reconnect()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, ping = on, ping-bypass = 500ms");
        pool.Return(pool.Ask());
        pool.Advance(Second);
        pool.Pongs = false;
        var waiter = pool.Ask();
        pool.Breaks(new(1), CloseReason.PingFailed);
        Assert.Equal(2, pool.Lent(waiter).Connection.Number);
        Assert.Single(pool.All<PoolEffects.Ping>());
    }

    [Fact]
    public void A_waiter_is_not_bound_to_the_connection_that_is_pinged_for_it()
    {
        var pool = new PoolDriver("size = 2, overflow = 0, ping = on, ping-bypass = 0s");
        var lent = pool.AskMany(2);
        pool.Return(lent[0]);
        pool.Pongs = false;
        pool.Advance(Second);
        var waiter = pool.Ask(3 * Second);
        Assert.True(pool.Waits(waiter));
        pool.Return(lent[1]);
        Assert.Equal(lent[1].Connection, pool.Lent(waiter).Connection);
    }

    [Fact] // 33
    public void After_a_server_restart_the_first_checkout_succeeds_and_all_older_connections_are_replaced()
    {
        var pool = new PoolDriver("ping = on, ping-bypass = 0s, size = 5");
        foreach (var lent in pool.AskMany(5))
        {
            pool.Return(lent);
        }

        pool.Advance(Second);
        pool.Pongs = false;
        var waiter = pool.Ask();
        Assert.Single(pool.All<PoolEffects.Ping>());
        pool.Breaks(new(1), CloseReason.PingFailed);

        // The one replaced serves the waiter at once; the siblings are all being pinged by now.
        Assert.Equal(6, pool.Lent(waiter).Connection.Number);
        for (var sibling = 2; sibling <= 5; sibling++)
        {
            pool.Breaks(new(sibling), CloseReason.PingFailed);
        }

        Assert.Equal(1, pool.Open);
        Assert.Equal(6, pool.All<PoolEffects.Open>().Count());
    }

    [Fact] // 33
    public void With_the_server_still_down_there_is_an_error_and_no_loop()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, acquire-timeout = 30s, reconnect { min-backoff = 100ms, max-backoff = 10s, jitter = 0.2 }")
        {
            Opens = false,
        };
        var waiter = pool.Ask();
        for (var i = 0; i < 300; i++)
        {
            foreach (var slot in pool.State.Slots.All.Where(slot => slot.Phase == SlotPhase.Opening).ToArray())
            {
                pool.ConnectFails(slot.Id);
            }

            pool.Advance(TimeSpan.FromMilliseconds(100));
        }

        pool.Refused<ServerUnavailable>(waiter);
        Assert.InRange(pool.All<PoolEffects.Open>().Count(), 5, 13);
    }

    [Fact] // 34
    public void Without_ping_one_caller_sees_the_error_and_later_ones_get_new_connections()
    {
        var pool = new PoolDriver("ping = off, size = 5, keepalive = off");
        foreach (var lent in pool.AskMany(5))
        {
            pool.Return(lent);
        }

        var unlucky = pool.Lent(pool.Ask());
        pool.Pongs = false;
        pool.Breaks(unlucky.Connection);
        Assert.Equal(4, pool.All<PoolEffects.Ping>().Count());
        Assert.Equal(6, pool.Lent(pool.Ask()).Connection.Number);
        for (var sibling = 2; sibling <= 5; sibling++)
        {
            pool.Breaks(new(sibling), CloseReason.PingFailed);
        }

        Assert.Equal(7, pool.Lent(pool.Ask()).Connection.Number);
    }

    [Fact] // 34
    public void A_break_that_a_holder_saw_is_known_before_its_return()
    {
        var pool = new PoolDriver("ping = off, size = 2, overflow = 0");
        var lent = pool.AskMany(2);
        pool.Return(lent[0]);
        pool.Pongs = false;
        pool.Feed(new PoolEvents.LeaseBroke(lent[1].Lease));
        Assert.Equal(lent[0].Connection, Assert.Single(pool.All<PoolEffects.Ping>()).Connection);
        pool.Return(lent[1]);
        Assert.Equal(CloseReason.Invalidated, Assert.Single(pool.All<PoolEffects.Close>()).Reason);
    }

    [Fact] // 29
    public void Fifteen_users_that_fail_together_replace_each_connection_once_without_a_cascade()
    {
        var pool = new PoolDriver("size = 5, overflow = 10");
        foreach (var lent in pool.AskMany(15))
        {
            pool.Breaks(lent.Connection);
            pool.Lent(pool.Ask());
        }

        Assert.Equal(1, pool.State.Suspicion);
        Assert.Equal(30, pool.All<PoolEffects.Open>().Count());
        Assert.Empty(pool.All<PoolEffects.Ping>());
        Assert.Equal(15, pool.State.Slots.Counts.Lent);
    }

    [Fact] // 29
    public void One_broken_connection_is_replaced_alone_while_its_siblings_are_proven_before_their_next_use()
    {
        var pool = new PoolDriver("ping = off, size = 3");
        var lent = pool.AskMany(3);
        pool.Return(lent[0]);
        pool.Breaks(lent[1].Connection);
        Assert.Equal(lent[0].Connection, Assert.Single(pool.All<PoolEffects.Ping>()).Connection);
        pool.Return(lent[2]);
        Assert.Equal(2, pool.State.Slots.Counts.Idle);
        pool.AskMany(2);
        Assert.Equal([lent[0].Connection, lent[2].Connection], pool.All<PoolEffects.Ping>().Select(ping => ping.Connection));
        Assert.Empty(pool.All<PoolEffects.Close>());
    }

    [Fact] // 28, 30
    public void A_connection_that_dies_while_being_lent_puts_its_waiter_back_at_its_place_with_its_own_deadline()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, ping = off, acquire-timeout = 10s") { Opens = false };
        var first = pool.Ask();
        var second = pool.Ask();
        pool.Opened(new(1));
        var lent = pool.Lent(first);
        pool.Feed(new ConnectionEvents.LendFailed(lent.Connection, lent.Lease, new ConnectionLost(pool.State.Pool, "reset")));
        Assert.True(pool.Waits(first));
        pool.Closed(new(1));
        pool.Opened(new(2));
        Assert.Equal(2, pool.Lent(first).Connection.Number);
        Assert.True(pool.Waits(second));
        pool.Advance(10 * Second);
        pool.Refused<PoolExhausted>(second);
    }

    [Fact] // 30
    public void A_checkout_hook_that_throws_discards_the_connection_and_leaks_no_slot()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var waiter = pool.Ask();
        var lent = pool.Lent(waiter);
        pool.Feed(new ConnectionEvents.LendFailed(lent.Connection, lent.Lease, new HookFailed(pool.State.Pool, "checkout", "operation was canceled")));
        pool.Refused<HookFailed>(waiter);
        pool.Closed(lent.Connection);
        Assert.Equal(2, pool.Lent(pool.Ask()).Connection.Number);
    }

    [Fact] // 31
    public void A_connect_hook_that_throws_discards_that_connection_and_tells_one_caller()
    {
        var pool = new PoolDriver("size = 2, overflow = 0") { Opens = false };
        var asked = new[] { pool.Ask(), pool.Ask() };
        pool.ConnectFails(new(1), new HookFailed(pool.State.Pool, "connect", "boom"));
        pool.Refused<HookFailed>(asked[0]);
        Assert.True(pool.Waits(asked[1]));
        pool.Opened(new(2));
        pool.Lent(asked[1]);
    }

    [Fact] // 24
    public void With_the_database_down_every_borrower_is_answered_within_its_limit_with_the_cause_and_recovery_is_automatic()
    {
        var pool = new PoolDriver("size = 2, overflow = 0, acquire-timeout = 5s") { Opens = false };
        var asked = Enumerable.Range(0, 10).Select(_ => pool.Ask()).ToArray();
        void Fail()
        {
            foreach (var slot in pool.State.Slots.All.Where(slot => slot.Phase == SlotPhase.Opening).ToArray())
            {
                pool.ConnectFails(slot.Id);
            }
        }

        for (var i = 0; i < 50; i++)
        {
            Fail();
            pool.Advance(Second / 10);
        }

        Assert.All(asked, waiter => Assert.Contains("connection refused", pool.Refused<ServerUnavailable>(waiter).Message, StringComparison.Ordinal));
        Assert.All(asked, waiter => Assert.Equal(5 * Second, ((PoolEffects.Refuse)pool.Requests[waiter]!).Waited));
        var later = pool.Ask();
        Fail();
        pool.Opens = true;
        pool.Advance(4 * Second);
        Fail();
        pool.Advance(Second);
        pool.Lent(later);
    }

    [Fact] // 24
    public void With_connections_left_but_connects_failing_the_refusal_names_the_cause()
    {
        var pool = new PoolDriver("size = 2, overflow = 0, acquire-timeout = 1s");
        pool.Ask();
        pool.Opens = false;
        var waiter = pool.Ask();
        pool.ConnectFails(new(2));
        pool.Advance(Second);
        Assert.Contains("connection refused", pool.Refused<PoolExhausted>(waiter).LastConnectFailure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_login_is_told_at_once_to_all_whom_no_open_connection_can_serve()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { Opens = false };
        var asked = new[] { pool.Ask(), pool.Ask() };
        pool.ConnectFails(new(1), new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed"));
        Assert.All(asked, waiter => pool.Refused<LoginRefused>(waiter));
    }

    [Fact]
    public void A_refused_login_stands_until_the_pause_is_over_and_then_it_is_tried_again()
    {
        var pool = new PoolDriver("reconnect { min-backoff = 1s, jitter = 0 }") { Opens = false };
        var refusal = new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed");
        pool.Ask();
        pool.ConnectFails(new(1), refusal);
        pool.Ask();
        pool.ConnectFails(new(2), refusal);
        pool.Refused<LoginRefused>(pool.Ask());
        pool.TripsWanted = 1;
        pool.Pump();
        Assert.Single(pool.All<PoolEffects.RefuseErrands>());
        Assert.Equal(2, pool.All<PoolEffects.Open>().Count());

        pool.TripsWanted = 0;
        pool.Pump();
        pool.Advance(Second);
        var later = pool.Ask();
        pool.Opened(new(3));
        pool.Lent(later);
    }

    [Fact]
    public void A_connection_that_dies_while_it_connects_counts_as_a_failed_connect()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { Opens = false };
        pool.Ask();
        for (var connection = 1; connection <= 3; connection++)
        {
            pool.Breaks(new(connection));
            pool.Advance(Second);
        }

        Assert.Equal([1, 2, 3], pool.All<PoolEffects.ConnectsFailing>().Select(failing => failing.InARow));
    }

    [Fact]
    public void A_refused_login_of_one_more_connection_leaves_those_in_line_that_returns_can_serve()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var holder = pool.Ask();
        pool.Opens = false;
        var waiter = pool.Ask();
        pool.ConnectFails(new(2), new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed"));
        Assert.True(pool.Waits(waiter));
        pool.Return(holder);
        pool.Lent(waiter);
    }

    [Fact]
    public void Pauses_between_failing_connects_double_up_to_the_longest_each_changed_at_random()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, acquire-timeout = 1h, reconnect { min-backoff = 100ms, max-backoff = 2s, jitter = 0.5 }")
        {
            Opens = false,
        };
        pool.Ask();
        var opened = new List<TimeSpan>();
        for (var connection = 1; connection <= 9; connection++)
        {
            while (pool.State.Slots.Find(new(connection)) is null)
            {
                pool.Advance(TimeSpan.FromMilliseconds(1));
            }

            opened.Add(pool.Now);
            pool.ConnectFails(new(connection));
        }

        var pauses = opened.Zip(opened.Skip(1), (one, next) => (next - one).TotalMilliseconds).ToArray();
        Assert.Equal(0, pauses[0]);
        double[] longest = [100, 200, 400, 800, 1600, 2000, 2000];
        Assert.All(pauses.Skip(1).Zip(longest), pause => Assert.InRange(pause.First, (pause.Second / 2) - 1, pause.Second + 1));
        Assert.True(pauses.Skip(6).Distinct().Count() > 1);
    }

    [Fact] // 41
    public void Idle_connections_are_pinged_after_the_interval_up_to_the_limit()
    {
        var pool = new PoolDriver("size = 10, keepalive = 60s, keepalive-limit = 4, idle-timeout = off") { Pongs = false };
        foreach (var lent in pool.AskMany(10))
        {
            pool.Return(lent);
        }

        pool.Advance((60 * Second) - Tick);
        Assert.Empty(pool.All<PoolEffects.Ping>());
        pool.Advance(Tick);
        Assert.Equal(4, pool.All<PoolEffects.Ping>().Count());
        pool.Pinged(new(1));
        pool.Advance(Second);
        Assert.Equal(5, pool.All<PoolEffects.Ping>().Count());
    }
}
