using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>The kinds of pool beside the queue.</summary>
public sealed class KindTests
{
    [Theory]
    [InlineData("kind = null")]
    [InlineData("kind = \"null\"")]
    public void The_kind_null_can_be_written_though_the_word_means_nothing_in_hocon(string text) =>
        Assert.Equal(PoolKind.Null, PoolSettings.Parse(text).Kind);

    [Fact]
    public void A_null_pool_opens_and_closes_for_each_use_even_while_somebody_waits()
    {
        var pool = new PoolDriver("kind = null, size = 1, overflow = 0");
        var first = pool.Ask();
        var second = pool.Ask();
        pool.Return(first);
        Assert.Equal(2, pool.Lent(second).Connection.Number);
        pool.Return(second);
        Assert.Equal(0, pool.Open);
    }

    [Fact]
    public void A_null_pool_keeps_no_connection_that_opened_for_one_who_left()
    {
        var pool = new PoolDriver("kind = null") { Opens = false };
        pool.Withdraw(pool.Ask());
        pool.Opened(new(1));
        Assert.Equal(0, pool.Open);
    }

    [Fact]
    public void A_static_pool_shares_one_connection_in_turn()
    {
        var pool = new PoolDriver("kind = static, size = 5, overflow = 10");
        var asked = Enumerable.Range(0, 5).Select(_ => pool.Ask()).ToArray();
        foreach (var waiter in asked)
        {
            Assert.Equal(1, pool.Lent(waiter).Connection.Number);
            pool.Return(waiter);
        }

        Assert.Equal(1, pool.Open);
    }

    [Fact]
    public void A_static_pool_replaces_its_connection_when_it_is_invalidated()
    {
        var pool = new PoolDriver("kind = static");
        pool.Return(pool.Ask());
        pool.Feed(new PoolEvents.Invalidated(false));
        Assert.Equal(2, pool.Lent(pool.Ask()).Connection.Number);
    }

    [Fact]
    public void An_assertion_pool_refuses_a_second_borrower_and_says_where_the_first_was()
    {
        var pool = new PoolDriver("kind = assertion");
        var first = pool.Ask(holder: "Orders.Load, orders.cs:17");
        Assert.Contains("taken by Orders.Load, orders.cs:17", pool.Refused<PoolBusy>(pool.Ask()).Message, StringComparison.Ordinal);
        pool.Return(first);
        Assert.Equal(1, pool.Lent(pool.Ask()).Connection.Number);
    }
}
