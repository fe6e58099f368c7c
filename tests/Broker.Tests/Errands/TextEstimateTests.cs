using Broker.Errands;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Errands;

public sealed class TextEstimateTests
{
    private const int MaxFill = 128;
    private static readonly TimeSpan Target = TimeSpan.FromMilliseconds(3);

    [Fact]
    public void An_unknown_text_starts_alone() => Assert.False(TextEstimate.Unknown.Shares);

    [Fact]
    public void A_fast_text_doubles_its_number_with_each_full_trip()
    {
        var estimate = TextEstimate.Unknown;
        var fills = new List<int>();
        for (var i = 0; i < 8; i++)
        {
            estimate = Trip(estimate, estimate.Fill, microsecondsEach: 10);
            fills.Add(estimate.Fill);
        }
        Assert.Equal([2, 4, 8, 16, 32, 64, 128, 128], fills);
    }

    [Fact]
    public void A_trip_that_was_not_full_proves_nothing_about_a_fuller_one()
    {
        var estimate = new TextEstimate(10, 16);
        Assert.Equal(16, Trip(estimate, 5, microsecondsEach: 10).Fill);
    }

    [Fact]
    public void A_text_that_became_slow_is_alone_within_a_few_trips()
    {
        var estimate = new TextEstimate(20, 64);
        var trips = 0;
        while (estimate.Shares)
        {
            estimate = Trip(estimate, estimate.Fill, microsecondsEach: 5_000);
            trips++;
        }
        Assert.InRange(trips, 1, 6);
    }

    [Theory]
    [InlineData(0.1, 3, 8)]
    [InlineData(0.01, 8, 22)]
    [InlineData(0.001, 25, 70)]
    public void The_more_often_members_fail_the_fewer_share_a_trip(double failing, int least, int most)
    {
        var random = new Random(5);
        var estimate = new TextEstimate(10, 128);
        var fills = new List<int>();
        for (var trip = 0; trip < 20_000; trip++)
        {
            fills.Add(estimate.Fill);
            estimate = Enumerable.Range(0, estimate.Fill).Any(_ => random.NextDouble() < failing)
                ? estimate.AfterFailure(estimate.Fill)
                : Trip(estimate, estimate.Fill, microsecondsEach: 10);
        }
        Assert.InRange(fills.Skip(1_000).Average(), least, most);
    }

    [Fact]
    public void A_text_that_fails_no_more_fills_its_trips_again()
    {
        var estimate = new TextEstimate(10, 128).AfterFailure(2);
        Assert.True(estimate.Shares);
        for (var trip = 0; trip < 200; trip++)
        {
            estimate = Trip(estimate, estimate.Fill, microsecondsEach: 10);
        }
        Assert.Equal((128, 0), (estimate.Fill, estimate.Ceiling));
    }

    [Fact]
    public void A_slow_text_that_became_fast_shares_again()
    {
        var estimate = new TextEstimate(5_000, 1);
        for (var i = 0; i < 20 && !estimate.Shares; i++)
        {
            estimate = Trip(estimate, 1, microsecondsEach: 20);
        }
        Assert.True(estimate.Shares);
    }

    [Fact]
    public void A_text_that_made_its_group_fail_stays_alone_for_a_while()
    {
        var estimate = new TextEstimate(20, 64).AloneFor(until: 100);
        Assert.False(estimate.Shares);
        Assert.False(estimate.AfterWriteAlone(now: 99).Shares);
        Assert.True(estimate.AfterWriteAlone(now: 100).Shares);
    }

    [Fact]
    public void A_write_is_tried_in_a_group_however_long_its_own_flush_of_the_log_took() =>
        Assert.True(TextEstimate.Unknown.AfterWriteAlone(now: 1).Shares);

    [Property]
    public Property The_number_stays_within_one_and_the_limit() => Prop.ForAll(
        Gen.Choose(1, 1_000_000).ListOf().ToArbitrary(),
        times =>
        {
            var estimate = TextEstimate.Unknown;
            return times.All(each =>
            {
                estimate = Trip(estimate, estimate.Fill, each / 10.0);
                return estimate.Fill is >= 1 and <= MaxFill && estimate.MicrosecondsEach > 0;
            });
        });

    private static TextEstimate Trip(TextEstimate estimate, int members, double microsecondsEach) =>
        estimate.After(members, TimeSpan.FromMicroseconds(microsecondsEach * members), Target, MaxFill);
}
