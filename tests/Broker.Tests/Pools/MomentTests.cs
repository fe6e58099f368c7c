using Broker.Pools;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>Limits as callers may write them.</summary>
public sealed class MomentTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    [Fact]
    public void A_limit_begins_now() => Assert.Equal(Now + TimeSpan.FromSeconds(30), Now.After(TimeSpan.FromSeconds(30)));

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    public void One_below_zero_is_over_at_once(long ticks) => Assert.Equal(Now, Now.After(new(ticks)));

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue - TimeSpan.TicksPerDay)]
    public void One_beyond_all_life_never_ends(long ticks)
    {
        Assert.Equal(Moment.Never, Now.After(new(ticks)));
        Assert.Equal(Moment.Never, Now.After(null));
        Assert.Null(Now.Until(Moment.Never));
    }

    [Fact]
    public void What_is_past_is_due_now()
    {
        Assert.Equal(TimeSpan.Zero, Now.Until(TimeSpan.MinValue));
        Assert.Equal(TimeSpan.Zero, Now.Until(Now));
        Assert.Equal(TimeSpan.FromTicks(1), Now.Until(Now + TimeSpan.FromTicks(1)));
    }
}
