using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Tests.Entities;

namespace Broker.Client.Tests.Flushing;

public sealed class TableOrderTests
{
    public sealed record Row(int Id);

    [Fact]
    public void What_is_pointed_at_stands_first() => Assert.Equal("a b c", Order(Table("c", "b"), Table("b", "a"), Table("a")));

    [Fact]
    public void A_circle_stands_together_behind_what_it_points_at() =>
        Assert.Equal("z (x y) w", Order(Table("w", "x"), Table("x", "y"), Table("y", "x", "z"), Table("z")));

    [Fact]
    public void A_table_that_points_at_itself_is_a_circle() => Assert.Equal("(a)", Order(Table("a", "a")));

    [Fact]
    public void Tables_that_do_not_belong_to_the_flush_mean_nothing() =>
        Assert.Equal("a b", Order(Table("a", "other"), Table("b", "other")));

    private static string Order(params EntityMap[] maps) => string.Join(' ', TableOrder.Of(maps).Select(group =>
        group.IsCircular ? $"({string.Join(' ', group.Maps.Select(map => map.Table.Name))})" : group.Maps.Single().Table.Name));

    private static EntityMap Table(string name, params ReadOnlySpan<string> at) =>
        EntityBinding.Bind(EntityType.Of(typeof(Row)), Tables.Of(name, Tables.Integer("id")).Pointing(at));
}
