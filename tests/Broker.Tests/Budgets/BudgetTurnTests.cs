using Broker.Budgets;
using Xunit;

namespace Broker.Tests.Budgets;

public sealed class BudgetTurnTests
{
    [Fact]
    public void A_flooded_budget_of_ten_still_gives_the_other_pool_its_five()
    {
        var history = new History(10, 0, 1, 1);
        history.Ask(0, 100);
        Assert.Equal(10, history.Pools[0].Held.Count);

        history.Ask(1, 8);

        Assert.Equal(5, history.Pools[0].Owed);
        history.HonourYields();
        Assert.Equal([5, 5], history.Pools.Select(pool => pool.Held.Count));
    }

    [Fact]
    public void What_is_beyond_a_limit_that_was_lowered_is_asked_back_though_nobody_waits()
    {
        var history = new History(10, 0, 1, 1);
        history.Ask(0, 6);
        history.Ask(1, 2);

        history.Limit(5, 1);
        history.Pass(TimeSpan.FromMilliseconds(500));

        Assert.Equal((4, 0), (history.Pools[0].Owed, history.Pools[1].Owed));
        history.HonourYields();
        Assert.Equal([2, 2], history.Pools.Select(pool => pool.Held.Count));
        history.Ask(1, 1);
        Assert.Equal([2, 2], history.Pools.Select(pool => pool.Held.Count));
    }

    [Fact]
    public void A_limit_that_was_raised_serves_who_waits_already()
    {
        var history = new History(2, 0, 1);
        history.Ask(0, 5);

        history.Limit(4, 0);

        Assert.Equal(4, history.Pools[0].Held.Count);
    }

    [Fact]
    public void Exactly_as_many_are_asked_back_as_the_other_pool_lacks()
    {
        var history = new History(10, 0, 1, 1);
        history.Ask(0, 100);

        history.Ask(1, 2);
        history.Pass(TimeSpan.FromMilliseconds(500));

        Assert.Equal([2], history.Effects.OfType<BudgetEffect.AskYield>().Select(yield => yield.Count));
    }

    [Fact]
    public void Weights_decide_how_much_is_asked_back()
    {
        var history = new History(9, 0, 2, 1);
        history.Ask(0, 100);

        history.Ask(1, 100);
        history.HonourYields();

        Assert.Equal([6, 3], history.Pools.Select(pool => pool.Held.Count));
    }

    [Fact]
    public void A_pool_at_its_share_is_not_asked_and_a_pool_beyond_it_waits()
    {
        var history = new History(10, 0, 1, 1);
        history.Ask(0, 5);
        history.Ask(1, 5);

        history.Ask(0, 1);
        history.Pass(TimeSpan.FromSeconds(10));

        Assert.Empty(history.Effects.OfType<BudgetEffect.AskYield>());
        Assert.Equal(1, history.Pools[0].Waiting);
    }

    [Fact]
    public void Idle_connections_of_a_pool_that_does_not_wait_are_wanted_and_no_longer_once_nobody_waits()
    {
        var history = new History(10, 0, 1, 1);
        history.Ask(0, 5);
        history.Ask(1, 5);

        history.Ask(0, 2);
        Assert.Equal(2, history.Pools[1].IdleWanted);

        history.Withdraw(0, 2);
        Assert.Equal(0, history.Pools[1].IdleWanted);
    }

    [Fact]
    public void An_idle_connection_given_up_goes_to_who_waits()
    {
        var history = new History(10, 0, 1, 1);
        history.Ask(0, 5);
        history.Ask(1, 5);
        history.Ask(0, 2);

        history.Release(1);

        Assert.Equal([6, 4], history.Pools.Select(pool => pool.Held.Count));
    }

    [Fact]
    public void A_yield_under_way_is_not_asked_twice_however_late_but_then_idle_connections_are_wanted_in_its_place()
    {
        var history = new History(10, 0, 1, 1, 1);
        history.Ask(0, 6);
        history.Ask(1, 4);
        history.Ask(2, 1);
        Assert.Equal(0, history.Pools[1].IdleWanted);

        history.Pass(BudgetLimits.YieldPatience);

        Assert.Equal(1, history.Effects.OfType<BudgetEffect.AskYield>().Sum(yield => yield.Count));
        Assert.Equal(1, history.Pools[1].IdleWanted);
    }

    [Fact]
    public void When_the_one_asked_for_its_turn_is_late_another_is_asked()
    {
        var history = new History(2, 0, 1, 1, 1);
        history.Ask(0, 1);
        history.Ask(1, 1);
        history.Ask(2, 1);

        history.Pass(BudgetLimits.Turn);
        history.Pass(BudgetLimits.YieldPatience);

        Assert.Equal([new HolderId(1), new HolderId(2)], history.Effects.OfType<BudgetEffect.AskYield>().Select(yield => yield.Holder));
    }

    [Fact]
    public void With_fewer_permits_than_pools_they_take_turns()
    {
        var history = new History(1, 0, 1, 1, 1);
        var turns = new List<int>();
        for (var pool = 0; pool < 3; pool++)
        {
            history.Ask(pool, 1_000);
        }
        for (var round = 0; round < 60; round++)
        {
            turns.Add(Array.FindIndex(history.Pools, pool => pool.Held.Count == 1));
            history.Pass(TimeSpan.FromMilliseconds(500));
            history.HonourYields();
        }

        Assert.All([0, 1, 2], pool => Assert.InRange(turns.Count(turn => turn == pool), 18, 22));
    }

    [Fact]
    public void The_reserve_is_granted_while_all_else_is_lent()
    {
        var history = new History(10, 2, 1);
        history.Ask(0, 100);
        Assert.Equal(8, history.Pools[0].Held.Count);

        history.Ask(0, 3, reserve: true);

        Assert.Equal(2, history.Pools[0].Reserve.Count);
        Assert.Equal(1, history.Pools[0].WaitingForReserve);
    }

    [Fact]
    public void Without_a_reserve_the_next_connection_that_comes_back_is_the_urgent_ones_before_those_who_wait()
    {
        var history = new History(3, 0, 1, 1);
        history.Ask(0, 10);
        history.Ask(1, 1, reserve: true);
        history.Ask(1, 1, reserve: true);
        Assert.Empty(history.Pools[1].Reserve);

        history.Release(0);
        history.Release(0);

        Assert.Single(history.Pools[1].Reserve);
        Assert.Equal(2, history.Pools[0].Held.Count);
    }

    [Fact]
    public void Without_a_reserve_an_urgent_ask_takes_what_is_free()
    {
        var history = new History(3, 0, 1);

        history.Ask(0, 1, reserve: true);

        Assert.Single(history.Pools[0].Reserve);
    }

    [Fact]
    public void What_can_never_be_is_denied_with_the_setting()
    {
        var history = new History(2, 2, 1);

        history.Ask(0, 3);

        var denied = Assert.Single(history.Effects.OfType<BudgetEffect.Deny>());
        Assert.Equal(3, denied.Count);
        Assert.Contains(".reserve", denied.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ghost_counts_until_the_server_shows_its_backend_gone()
    {
        var history = new History(2, 0, 1);
        history.Ask(0, 3);
        history.LoseUncleanly(0);
        Assert.Single(history.Pools[0].Held);

        history.SeeAllGone();

        Assert.Equal(2, history.Pools[0].Held.Count);
    }

    [Fact]
    public void A_ghost_counts_no_longer_than_the_ghost_limit()
    {
        var history = new History(1, 0, 1);
        history.Ask(0, 2);
        history.LoseUncleanly(0);

        history.Pass(TimeSpan.FromSeconds(59.9));
        Assert.Empty(history.Pools[0].Held);

        history.Pass(TimeSpan.FromSeconds(0.1));
        Assert.Single(history.Pools[0].Held);
    }

    [Fact]
    public void The_server_is_asked_about_a_ghost_at_once_and_then_ever_less_often()
    {
        var history = new History(3, 0, 1);
        history.Ask(0, 3);
        history.LoseUncleanly(0);
        var asked = new List<TimeSpan>();
        while (history.Now < TimeSpan.FromSeconds(30))
        {
            if (history.State.Watch.IsAsking)
            {
                asked.Add(history.Now);
                history.SeeAllRunning();
            }
            history.Pass(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(TimeSpan.Zero, asked[0]);
        Assert.InRange(asked.Count, 9, 12);
    }

    [Fact]
    public void A_probe_without_an_answer_is_sent_to_another_pool()
    {
        var history = new History(4, 0, 1, 1);
        history.Ask(0, 2);
        history.Ask(1, 2);
        history.LoseUncleanly(0);

        history.Pass(TimeSpan.FromSeconds(5));

        Assert.Equal([new HolderId(1), new HolderId(2)], history.Effects.OfType<BudgetEffect.Probe>().Select(probe => probe.Holder));
    }

    [Fact]
    public void A_pool_that_dies_leaves_its_permits_as_ghosts()
    {
        var history = new History(4, 0, 1, 1);
        history.Ask(0, 4);
        history.Die(0);

        history.Ask(1, 1);

        Assert.Equal(4, history.State.Ghosts.Count);
        Assert.Empty(history.Pools[1].Held);
    }
}
