using Broker.Budgets;
using Broker.Client.Protocol;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Budgets;

public sealed class FairSharesTests
{
    [Theory]
    [InlineData(10, new[] { 1, 1 }, new[] { 100, 3 }, new[] { 7, 3 })]
    [InlineData(10, new[] { 1, 1 }, new[] { 100, 100 }, new[] { 5, 5 })]
    [InlineData(9, new[] { 2, 1 }, new[] { 100, 100 }, new[] { 6, 3 })]
    [InlineData(10, new[] { 8, 1, 1 }, new[] { 2, 100, 100 }, new[] { 2, 4, 4 })]
    [InlineData(5, new[] { 9, 1 }, new[] { 100, 100 }, new[] { 4, 1 })]
    [InlineData(2, new[] { 1, 1, 1 }, new[] { 1, 1, 1 }, new[] { 1, 1, 0 })]
    [InlineData(0, new[] { 1 }, new[] { 3 }, new[] { 0 })]
    public void Shares_follow_weight_and_demand(int capacity, int[] weights, int[] demands, int[] expected)
    {
        var holders = weights.Select((weight, at) => Holder(at, weight, held: 0, waiting: demands[at])).ToArray();

        var shares = FairShares.Of(capacity, holders);

        Assert.Equal(expected, holders.Select(holder => shares[holder.Id]));
    }

    [Fact]
    public void What_cannot_be_divided_stays_where_it_is() =>
        Assert.Equal(2, FairShares.Of(3, [Holder(0, 1, held: 1, waiting: 5), Holder(1, 1, held: 2, waiting: 5)])[new HolderId(2)]);

    [Property]
    public Property No_share_can_grow_but_at_the_cost_of_one_that_is_no_larger_for_its_weight() => Prop.ForAll(Arb.From(
        from holders in Holders
        from capacity in Gen.Choose(0, 30)
        select (holders, capacity)), given =>
    {
        var shares = FairShares.Of(given.capacity, given.holders);
        return shares.Values.Sum() == Math.Min(given.capacity, given.holders.Sum(holder => holder.Demand))
            && given.holders.All(holder => shares[holder.Id] <= holder.Demand)
            && given.holders.Where(poor => shares[poor.Id] < poor.Demand).All(poor => given.holders.All(rich =>
                shares[rich.Id] <= 1 || shares[rich.Id] / (double)rich.Weight <= (shares[poor.Id] + 1) / (double)poor.Weight));
    });

    private static Gen<BudgetHolder[]> Holders =>
        from count in Gen.Choose(1, 6)
        from weights in Gen.Choose(1, 5).ArrayOf(count)
        from held in Gen.Choose(0, 8).ArrayOf(count)
        from waiting in Gen.Choose(0, 8).ArrayOf(count)
        select Enumerable.Range(0, count).Select(at => Holder(at, weights[at], held[at], waiting[at])).ToArray();

    private static BudgetHolder Holder(int at, int weight, int held, int waiting) =>
        new(new HolderId(at + 1), new PoolId($"db{at}", "app"), weight) { Held = held, Waiting = waiting };
}
