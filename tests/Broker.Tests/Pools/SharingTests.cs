using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>How leases, errands and other pools share connections.</summary>
public sealed class SharingTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Errands_grow_the_pool_like_requests_do()
    {
        var pool = new PoolDriver("size = 5, overflow = 0") { TripsWanted = 3 };
        pool.Pump();
        Assert.Equal(3, pool.OnTrip.Count);
        Assert.Equal(3, pool.State.Slots.Counts.Busy);
        pool.EndTrip(new(1));
        Assert.Equal(1, pool.State.Slots.Counts.Idle);
    }

    [Fact]
    public void Errands_that_came_first_get_the_connection_that_comes_back()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var holder = pool.Ask();
        pool.Grants = false;
        pool.TripsWanted = 1;
        pool.Pump();
        pool.Advance(Second);
        var waiter = pool.Ask();
        pool.Return(holder);
        Assert.Single(pool.OnTrip);
        Assert.True(pool.Waits(waiter));
        Assert.Equal(0, pool.Asked);
        pool.EndTrip(pool.OnTrip[0]);
        pool.Lent(waiter);
    }

    [Fact]
    public void A_request_that_came_first_gets_the_connection_that_comes_back()
    {
        var pool = new PoolDriver("size = 1, overflow = 0");
        var holder = pool.Ask();
        var waiter = pool.Ask();
        pool.Advance(Second);
        pool.TripsWanted = 1;
        pool.Pump();
        pool.Return(holder);
        pool.Lent(waiter);
        Assert.DoesNotContain(new(1), pool.OnTrip);
    }

    [Fact]
    public void A_connection_taken_for_a_trip_after_a_long_idle_time_is_pinged_first()
    {
        var pool = new PoolDriver("ping = on, ping-bypass = 500ms, keepalive = off") { TripsWanted = 1 };
        pool.Pump();
        pool.EndTrip(new(1));
        pool.Advance(Second);
        pool.TripsWanted = 1;
        pool.Pump();
        Assert.Single(pool.All<PoolEffects.Ping>());
        Assert.Equal([new(1)], pool.OnTrip);
    }

    [Fact]
    public void A_pool_that_always_pings_pings_once_for_a_trip_and_then_lets_it_go()
    {
        var pool = new PoolDriver("ping = on, ping-bypass = 0s, keepalive = off") { TripsWanted = 1 };
        pool.Pump();
        pool.EndTrip(new(1));
        pool.Advance(Second);
        pool.Pongs = false;
        pool.TripsWanted = 1;
        pool.Pump();
        // The pump comes by a message of its own, later than the answer.
        pool.PumpsLater = true;
        pool.Pinged(new(1));
        pool.Advance(TimeSpan.FromMilliseconds(1));
        pool.Pump();
        Assert.Single(pool.All<PoolEffects.Ping>());
        Assert.Equal([new(1)], pool.OnTrip);
    }

    [Fact]
    public void With_every_connection_lent_a_reserve_serves_errands_never_leases_and_closes_soon()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var lent = pool.AskMany(2);
        var waiter = pool.Ask();
        pool.TripsWanted = 1;
        pool.Pump();
        Assert.Equal([new(3)], pool.OnTrip);
        Assert.True(pool.All<PoolEffects.AskPermits>().Last().Reserve);
        pool.EndTrip(new(3));
        Assert.True(pool.Waits(waiter));
        pool.Advance(Second);
        Assert.Equal(CloseReason.ReserveOver, Assert.Single(pool.All<PoolEffects.Close>()).Reason);
        Assert.Equal(2, pool.PermitsHeld);
        pool.Return(lent[0]);
        pool.Lent(waiter);
    }

    [Fact]
    public void The_reserve_is_not_asked_for_while_a_trip_is_under_way()
    {
        var pool = new PoolDriver("size = 2, overflow = 0") { TripsWanted = 1 };
        pool.Pump();
        pool.Ask();
        pool.TripsWanted = 1;
        pool.Pump();
        Assert.DoesNotContain(pool.All<PoolEffects.AskPermits>(), ask => ask.Reserve);
    }

    [Fact]
    public void A_refused_login_is_told_to_waiting_errands()
    {
        var pool = new PoolDriver { Opens = false, TripsWanted = 1 };
        pool.Pump();
        var failure = new LoginRefused(pool.State.Pool, "db:5432", "28P01", "password authentication failed");
        pool.ConnectFails(new(1), failure);
        Assert.Equal(failure, Assert.Single(pool.All<PoolEffects.RefuseErrands>()).Failure);
    }

    [Fact]
    public void Connections_owed_to_other_pools_are_given_up_idle_ones_first_then_at_return()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(3);
        pool.Return(lent[0]);
        pool.Feed(new BudgetEvents.YieldAsked(2));
        Assert.Equal(lent[0].Connection, Assert.Single(pool.All<PoolEffects.Close>()).Connection);
        pool.Return(lent[1]);
        pool.Return(lent[2]);
        Assert.Equal(1, pool.Open);
        Assert.All(pool.All<PoolEffects.Close>(), close => Assert.Equal(CloseReason.Yielded, close.Reason));
    }

    [Fact]
    public void Idle_connections_that_others_want_are_given_up_except_a_warm_one_and_never_while_somebody_waits()
    {
        var pool = new PoolDriver("size = 3, overflow = 0");
        var lent = pool.AskMany(3);
        pool.Return(lent[0]);
        pool.Return(lent[1]);
        pool.Feed(new BudgetEvents.IdleWanted(5));
        Assert.Equal(2, pool.Open);
        pool.Advance(Second / 10);
        Assert.Equal(1, pool.Open);
        pool.Return(lent[2]);
        Assert.Equal(1, pool.Open);
        pool.Advance(Second / 10);
        Assert.Equal(0, pool.Open);
        pool.Feed(new BudgetEvents.IdleWanted(0));
        pool.Return(pool.Ask());
        pool.Advance(Second);
        Assert.Equal(1, pool.Open);
    }
}
