using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Pools;
using Broker.Pools.Decisions;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>Who has what, and how it ends.</summary>
public sealed class LeaseTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact] // 12
    public void Returning_twice_is_harmless_and_counted_once()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        pool.Return(lent);
        pool.Return(lent);
        Assert.Equal(1, pool.State.Slots.Counts.Idle);
        Assert.Single(pool.All<PoolEffects.LeaseEnded>());
    }

    [Fact] // 12, 39
    public void A_late_return_of_an_earlier_lease_does_not_take_the_connection_from_its_present_holder()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var earlier = pool.Lent(pool.Ask());
        pool.Return(earlier);
        pool.Lent(pool.Ask());
        pool.Return(earlier);
        Assert.Equal(1, pool.State.Slots.Counts.Lent);
    }

    [Fact] // 12
    public void A_connection_that_closes_twice_is_counted_once()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        pool.Breaks(lent.Connection);
        pool.Breaks(lent.Connection);
        Assert.Single(pool.All<PoolEffects.ReleaseGhost>());
        pool.Lent(pool.Ask());
    }

    [Fact] // 13
    public void A_detached_connection_leaves_the_limits_and_is_never_lent_again()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        pool.Feed(new PoolEvents.LeaseDetached(lent.Lease));
        var next = pool.Lent(pool.Ask());
        Assert.NotEqual(lent.Connection, next.Connection);
        pool.Return(lent);
        Assert.Equal((lent.Connection, CloseReason.Detached),
            (pool.All<PoolEffects.Close>().Single().Connection, pool.All<PoolEffects.Close>().Single().Reason));
        Assert.Equal(1, pool.PermitsHeld);
    }

    [Fact] // 14, 44
    public void After_stop_idle_connections_are_closed_and_those_in_use_when_they_come_back()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(3);
        pool.Return(lent[0]);
        var waiting = new[] { pool.Ask(), pool.Ask() };
        pool.Return(lent[1]);
        pool.Feed(new PoolEvents.Stop(Drain: true));
        pool.Refused<BrokerStopping>(pool.Ask());
        Assert.Equal(3, pool.Open);
        Assert.DoesNotContain(PoolEffects.Stopped.Instance, pool.Effects);
        foreach (var waiter in waiting)
        {
            pool.Return(waiter);
        }

        pool.Return(lent[2]);
        Assert.Equal(0, pool.PermitsHeld);
        Assert.Single(pool.All<PoolEffects.Stopped>());
    }

    [Fact] // 14
    public void At_stop_those_in_line_are_refused()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var holder = pool.Ask();
        var waiter = pool.Ask();
        pool.Feed(new PoolEvents.Stop(Drain: true));
        pool.Refused<BrokerStopping>(waiter);
        pool.Return(holder);
        Assert.Single(pool.All<PoolEffects.Stopped>());
    }

    [Fact] // 25
    public void Stop_while_connections_open_and_under_load_ends_every_connection()
    {
        var pool = new PoolDriver("size = 4, overflow = 0") { Opens = false, Closes = false };
        pool.Ask();
        pool.Opened(new(1));
        pool.Ask();
        pool.Ask();
        pool.Grants = false;
        pool.Ask();
        pool.Feed(new PoolEvents.Stop(Drain: false));
        Assert.Equal(0, pool.Asked);
        pool.Opened(new(2));
        pool.Closed(new(2));
        pool.ConnectFails(new(3));
        pool.Grant();
        Assert.Single(pool.All<PoolEffects.Revoke>());
        pool.Closed(new(1));
        Assert.Equal(0, pool.PermitsHeld);
        Assert.Single(pool.All<PoolEffects.Stopped>());
    }

    [Fact] // 27
    public void Hard_invalidation_calls_leases_back_and_the_next_borrower_gets_a_new_connection()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        pool.Feed(new PoolEvents.Invalidated(Hard: true));
        Assert.Equal(lent.Lease, Assert.Single(pool.All<PoolEffects.Revoke>()).Lease);
        var next = pool.Ask();
        pool.Return(lent);
        Assert.Equal(2, pool.Lent(next).Connection.Number);
    }

    [Fact] // 27
    public void A_holder_that_invalidates_its_connection_softly_keeps_it_until_it_returns_it()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        pool.Feed(new PoolEvents.LeaseInvalidated(lent.Lease, Hard: false));
        Assert.Empty(pool.All<PoolEffects.Revoke>());
        pool.Return(lent);
        Assert.Equal(CloseReason.Invalidated, Assert.Single(pool.All<PoolEffects.Close>()).Reason);
        Assert.Equal(2, pool.Lent(pool.Ask()).Connection.Number);
    }

    [Fact] // 27
    public void A_holder_that_invalidates_its_connection_hard_loses_it_at_once()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        pool.Feed(new PoolEvents.LeaseInvalidated(lent.Lease, Hard: true));
        Assert.Equal(lent.Lease, Assert.Single(pool.All<PoolEffects.Revoke>()).Lease);
        pool.Return(lent);
        Assert.Equal(CloseReason.Invalidated, Assert.Single(pool.All<PoolEffects.Close>()).Reason);
    }

    [Fact] // 27
    public void Soft_invalidation_closes_idle_connections_now_and_lent_ones_at_return()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(3);
        pool.Return(lent[0]);
        pool.Feed(new PoolEvents.Invalidated(Hard: false));
        Assert.Equal(lent[0].Connection, Assert.Single(pool.All<PoolEffects.Close>()).Connection);
        Assert.Empty(pool.All<PoolEffects.Revoke>());
        pool.Return(lent[1]);
        pool.Return(lent[2]);
        Assert.Equal(0, pool.Open);
        Assert.Equal(1, pool.State.Generation);
    }

    [Fact] // 28
    public void Invalidation_while_a_connection_opens_gives_its_waiter_one_new_and_valid_connection()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { Opens = false };
        var waiter = pool.Ask();
        pool.Feed(new PoolEvents.Invalidated(Hard: false));
        pool.Opened(new(1));
        Assert.True(pool.Waits(waiter));
        pool.Opened(new(2));
        Assert.Equal(2, pool.Lent(waiter).Connection.Number);
        Assert.Equal(2, pool.All<PoolEffects.Open>().Count());
    }

    [Fact] // 9
    public void Invalidation_with_waiters_opens_exactly_the_connections_that_are_needed()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(3);
        var waiting = Enumerable.Range(0, 2).Select(_ => pool.Ask()).ToArray();
        pool.Feed(new PoolEvents.Invalidated(Hard: true));
        foreach (var lease in lent)
        {
            pool.Return(lease);
        }

        Assert.All(waiting, waiter => pool.Lent(waiter));
        Assert.Equal(3 + 2, pool.All<PoolEffects.Open>().Count());
    }

    [Fact] // 37
    public void A_lease_never_returned_is_reported_once_with_its_holder_since_when_and_purpose()
    {
        var pool = new PoolDriver("leak-threshold = 30s");
        var lent = pool.Lent(pool.Ask(holder: "Billing.Run, billing.cs:42", purpose: "monthly bills"));
        pool.Advance(29.9 * Second);
        Assert.Empty(pool.All<PoolEffects.ReportLeak>());
        pool.Advance(300 * Second);
        Assert.Equal(
            new(lent.Lease, lent.Connection, 1, "Billing.Run, billing.cs:42", "monthly bills", 30 * Second),
            Assert.Single(pool.All<PoolEffects.ReportLeak>()).Lease);
    }

    [Fact] // 38
    public void A_holder_that_dies_has_its_lease_called_back_and_the_connection_is_reused_only_when_it_says_clean()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var lent = pool.Lent(pool.Ask());
        var waiter = pool.Ask();
        pool.Feed(new PoolEvents.HolderDied(lent.Lease));
        Assert.Equal(lent.Lease, Assert.Single(pool.All<PoolEffects.Revoke>()).Lease);
        Assert.True(pool.Waits(waiter));
        pool.Return(lent);
        pool.Lent(waiter);
    }

    [Fact] // 39
    public void A_holder_that_overruns_is_cut_off_once()
    {
        var pool = new PoolDriver("max-lease = 10s");
        var lent = pool.Lent(pool.Ask());
        pool.Advance(9.9 * Second);
        Assert.Empty(pool.All<PoolEffects.Revoke>());
        pool.Advance(60 * Second);
        Assert.Equal(lent.Lease, Assert.Single(pool.All<PoolEffects.Revoke>()).Lease);
    }

    [Fact] // 40
    public void The_limit_of_an_earlier_lease_does_not_touch_the_present_one()
    {
        var pool = new PoolDriver("size = 1, overflow = 0, max-lease = 10s, leak-threshold = 10s, ping = off");
        var earlier = pool.Ask();
        pool.Advance(9 * Second);
        pool.Return(earlier);
        var present = pool.Lent(pool.Ask());
        pool.Advance(9.9 * Second);
        Assert.Empty(pool.All<PoolEffects.Revoke>());
        Assert.Empty(pool.All<PoolEffects.ReportLeak>());
        pool.Advance(0.1 * Second);
        Assert.Equal(present.Lease, Assert.Single(pool.All<PoolEffects.Revoke>()).Lease);
    }

    [Fact]
    public void A_ghost_is_told_to_the_budget_with_its_backend()
    {
        var pool = new PoolDriver();
        var lent = pool.Lent(pool.Ask());
        pool.Feed(new ConnectionEvents.Closed(lent.Connection, CloseReason.Broken, Clean: false, Backend: null));
        Assert.Equal(PoolDriver.Backend(lent.Connection), Assert.Single(pool.All<PoolEffects.ReleaseGhost>()).Backend);
    }

    [Fact]
    public void The_status_says_how_many_how_long_and_who_holds_what()
    {
        var pool = new PoolDriver("size = 1, overflow = 1");
        pool.Ask(holder: "A");
        pool.Ask(holder: "B");
        pool.Ask();
        pool.Advance(2 * Second);
        var status = pool.State.Status(waitingErrands: 7, holders: 1, pool.Now);
        Assert.Equal((1, 1, 0, 0, 0, 2, 1, 7),
            (status.Size, status.Overflow, status.Opening, status.Idle, status.Busy, status.Lent, status.Waiting, status.WaitingErrands));
        Assert.Equal(2 * Second, status.OldestWait);
        Assert.Equal(new(new LeaseId(1), new ConnectionId(1), 1, "A", "", 2 * Second), Assert.Single(status.Leases));
    }

    [Fact]
    public void A_request_given_up_while_its_connection_fails_to_be_lent_is_over_and_waits_for_nothing()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var waiter = pool.Ask();
        var lend = pool.Lent(waiter);
        pool.Withdraw(waiter);
        pool.Feed(new ConnectionEvents.LendFailed(lend.Connection, lend.Lease, new ConnectionLost(pool.State.Pool, "reset")));
        Assert.Equal(lend.Lease, Assert.Single(pool.All<PoolEffects.LeaseEnded>()).Lease);
        Assert.Empty(pool.All<PoolEffects.LendUndone>());
    }

    [Fact]
    public void A_stop_that_waits_no_longer_cuts_trips_short()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { TripsWanted = 1 };
        pool.Pump();
        var trip = Assert.Single(pool.OnTrip);
        pool.Feed(new PoolEvents.Stop(Drain: true));
        Assert.Empty(pool.All<PoolEffects.CutShort>());
        pool.Feed(new PoolEvents.Stop(Drain: false));
        Assert.Equal(trip, Assert.Single(pool.All<PoolEffects.CutShort>()).Connection);
    }
}
