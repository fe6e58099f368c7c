using Broker.Client.Protocol.Values;
using Broker.Errands;
using Xunit;

namespace Broker.Tests.Errands;

public sealed class ParameterArraysTests
{
    [Fact]
    public void Values_of_the_same_types_share_arrays() =>
        Assert.True(ParameterArrays.Fit(Statement.Of("", 1, "a", Guid.Empty, 2.5m), Statement.Of("", 2, "b", Guid.NewGuid(), -1m)));

    [Fact]
    public void Values_of_other_types_a_null_or_a_list_do_not()
    {
        Assert.False(ParameterArrays.Fit(Statement.Of("", 1), Statement.Of("", 1L)));
        Assert.False(ParameterArrays.Fit(Statement.Of("", 1), Statement.Of("", Parameter.Null<int>())));
        Assert.False(ParameterArrays.Fit(Statement.Of("", Parameter.Null<int>()), Statement.Of("", Parameter.Null<int>())));
        Assert.False(ParameterArrays.Fit(Statement.Of("", 1), Statement.Of("", 1, 2)));
        Assert.False(ParameterArrays.Fit(Statement.Of("", (object)new[] { 1 }), Statement.Of("", (object)new[] { 2 })));
    }

    [Fact]
    public void A_moment_in_utc_is_another_type_than_one_of_no_zone()
    {
        var utc = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Assert.True(ParameterArrays.Fit(Statement.Of("", utc), Statement.Of("", utc.AddDays(1))));
        Assert.False(ParameterArrays.Fit(Statement.Of("", utc), Statement.Of("", DateTime.SpecifyKind(utc, DateTimeKind.Unspecified))));
    }
}
