using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Connections;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>How a pool grows, and how far.</summary>
public sealed class LimitTests
{
    [Fact] // 1
    public void A_new_pool_has_no_connections_and_opens_on_demand()
    {
        var pool = new PoolDriver("size = 5, overflow = 10");
        pool.Advance(TimeSpan.FromHours(1));
        Assert.Empty(pool.Effects);
        pool.Ask();
        Assert.Equal(1, pool.Open);
    }

    [Fact] // 2
    public void Counts_agree_after_each_step_of_lending_and_returning()
    {
        var pool = new PoolDriver("size = 3, overflow = 1");
        var lent = pool.AskMany(4);
        Assert.Equal(4, pool.State.Slots.Counts.Lent);
        pool.Return(lent[0]);
        Assert.Equal((3, 1), (pool.State.Slots.Counts.Lent, pool.State.Slots.Counts.Idle));
        pool.Return(lent[1]);
        pool.Return(lent[2]);
        Assert.Equal((1, 3), (pool.State.Slots.Counts.Lent, pool.State.Slots.Counts.Idle));
        pool.Return(lent[3]);
        Assert.Equal((0, 3), (pool.State.Slots.Counts.Lent, pool.State.Slots.Counts.Idle));
    }

    [Fact] // 3
    public void Forty_borrowers_never_pass_size_and_overflow_and_all_are_served()
    {
        var pool = new PoolDriver("size = 5, overflow = 10");
        var asked = Enumerable.Range(0, 40).Select(_ => pool.Ask()).ToArray();
        Assert.Equal(15, pool.Open);
        foreach (var waiter in asked)
        {
            pool.Return(waiter);
        }

        Assert.All(asked, waiter => pool.Lent(waiter));
        Assert.Equal(15, pool.All<PoolEffects.Open>().Count());
    }

    [Theory] // 4
    [InlineData("size = 0")]
    [InlineData("size = 2, overflow = -1")]
    public void An_unlimited_pool_never_lets_anybody_wait(string settings)
    {
        var pool = new PoolDriver(settings);
        Assert.Equal(200, pool.AskMany(200).Select(lent => lent.Connection).Distinct().Count());
    }

    [Fact] // 7
    public void A_failing_connect_gives_its_slot_back_and_the_next_caller_may_try_at_once()
    {
        var pool = new PoolDriver("size = 1, overflow = 0") { Opens = false };
        var first = pool.Ask();
        pool.ConnectFails(new(1));
        Assert.True(pool.Waits(first));
        pool.Opened(new(2));
        pool.Lent(first);
        Assert.Equal(1, pool.PermitsHeld);
    }

    [Fact] // 8
    public void A_connect_that_hangs_delays_only_one_and_others_use_the_remaining_slots()
    {
        var pool = new PoolDriver("size = 2, overflow = 1") { Opens = false };
        var asked = new[] { pool.Ask(), pool.Ask(), pool.Ask() };
        pool.Opened(new(2));
        pool.Opened(new(3));
        pool.Lent(asked[0]);
        pool.Lent(asked[1]);
        Assert.True(pool.Waits(asked[2]));
        pool.Return(asked[0]);
        pool.Lent(asked[2]);
    }

    [Fact] // 11
    public void Overflow_connections_close_on_return()
    {
        var pool = new PoolDriver("size = 2, overflow = 2");
        foreach (var lent in pool.AskMany(4))
        {
            pool.Return(lent);
        }

        Assert.Equal(2, pool.Open);
        Assert.All(pool.All<PoolEffects.Close>(), close => Assert.Equal(CloseReason.Overflow, close.Reason));
        Assert.Equal(2, pool.All<PoolEffects.Close>().Count());
    }

    [Fact] // 11
    public void An_overflow_connection_is_kept_while_somebody_waits()
    {
        var pool = new PoolDriver("size = 1, overflow = 1");
        var lent = pool.AskMany(2);
        var waiting = pool.Ask();
        pool.Return(lent[1]);
        Assert.Equal(lent[1].Connection, pool.Lent(waiting).Connection);
        Assert.Empty(pool.All<PoolEffects.Close>());
    }

    [Fact] // 21
    public void A_burst_that_is_served_by_returns_opens_few_connections()
    {
        // 150 ms to connect, 2 ms to use: 50 callers come while 5 connections are idle.
        var pool = new PoolDriver("size = 5, overflow = 45");
        foreach (var lent in pool.AskMany(5))
        {
            pool.Return(lent);
        }

        pool.Grants = false;
        var burst = Enumerable.Range(0, 50).Select(_ => pool.Ask()).ToArray();
        Assert.Equal(45, pool.Asked);
        foreach (var waiter in burst)
        {
            pool.Return(waiter);
        }

        Assert.Equal(0, pool.Asked);
        Assert.Equal(5, pool.Open);
    }

    [Fact] // 21
    public void A_connection_that_opens_after_its_waiter_was_served_becomes_idle()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var first = pool.Ask();
        pool.Opens = false;
        var second = pool.Ask();
        pool.Return(first);
        pool.Lent(second);
        pool.Opened(new(2));
        Assert.Equal((1, 1), (pool.State.Slots.Counts.Lent, pool.State.Slots.Counts.Idle));
    }

    [Fact] // 21
    public void A_permit_that_comes_too_late_is_given_back()
    {
        var pool = new PoolDriver("size = 2, overflow = 0");
        var first = pool.Ask();
        pool.Grants = false;
        pool.Ask();
        pool.Return(first);
        pool.Grant();
        Assert.Equal(1, pool.PermitsHeld);
        Assert.Single(pool.All<PoolEffects.Open>());
    }

    [Fact] // 15
    public void The_first_connect_hook_runs_on_one_connection_while_all_others_wait_for_it()
    {
        var pool = new PoolDriver(PoolSettings.Parse("size = 5"), firstConnectHook: true) { Opens = false };
        var asked = Enumerable.Range(0, 5).Select(_ => pool.Ask()).ToArray();
        Assert.True(Assert.Single(pool.All<PoolEffects.Open>()).First);
        pool.Opened(new(1));
        pool.Lent(asked[0]);
        Assert.Equal([true, false, false, false, false], pool.All<PoolEffects.Open>().Select(open => open.First));
    }

    [Fact] // 15
    public void A_first_connect_hook_that_failed_runs_on_the_next_connection()
    {
        var pool = new PoolDriver(PoolSettings.Parse("size = 5"), firstConnectHook: true) { Opens = false };
        var asked = new[] { pool.Ask(), pool.Ask() };
        pool.ConnectFails(new(1), new HookFailed(pool.State.Pool, "first-connect", "boom"));
        pool.Refused<HookFailed>(asked[0]);
        Assert.Equal([true, true], pool.All<PoolEffects.Open>().Select(open => open.First));
        pool.Opened(new(2));
        pool.Lent(asked[1]);
    }

    [Fact]
    public void A_closing_connection_counts_until_it_is_closed()
    {
        var pool = new PoolDriver("kind = null, size = 1, overflow = 0") { Closes = false };
        var first = pool.Ask();
        var second = pool.Ask();
        pool.Return(first);
        Assert.True(pool.Waits(second));
        pool.Closed(new(1));
        Assert.Equal(2, pool.Lent(second).Connection.Number);
    }

    [Fact]
    public void A_denied_permit_is_told_to_those_whom_nothing_else_can_serve()
    {
        var pool = new PoolDriver() { Grants = false };
        var waiter = pool.Ask();
        pool.Feed(new BudgetEvents.PermitsDenied(1, false, "max-connections is 0"));
        Assert.Contains("max-connections is 0", pool.Refused<ServerUnavailable>(waiter).Message, StringComparison.Ordinal);
    }
}
