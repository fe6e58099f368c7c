using Broker.Errands;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Errands;

public sealed class TripWidthTests
{
    [Fact]
    public void It_starts_with_two_connections() => Assert.Equal(2, TripWidth.Start.InUse);

    [Fact]
    public void It_climbs_to_where_the_throughput_is_best()
    {
        var width = Run(TripWidth.Start, windows: 1_000, w => 10_000 - (Math.Abs(w - 4) * 1_000));
        Assert.Equal(4, width.Kept);
    }

    [Fact]
    public void Where_more_connections_bring_nothing_it_stays_with_few()
    {
        var width = Run(TripWidth.Start, windows: 1_000, _ => 10_000);
        Assert.Equal(1, width.Kept);
    }

    [Fact]
    public void It_falls_when_the_load_changes_so_that_fewer_are_better()
    {
        var width = Run(TripWidth.Start, windows: 1_000, w => w * 1_000);
        Assert.Equal(10, width.Kept);
        Assert.Equal(1, Run(width, windows: 2_000, w => 10_000 - (w * 800)).Kept);
    }

    [Fact]
    public void A_window_in_which_nobody_waited_teaches_nothing()
    {
        var width = TripWidth.Start;
        for (var i = 0; i < 100; i++)
        {
            width = width.After(rate: i, saturated: false, most: 10);
        }
        Assert.Equal(TripWidth.Start.InUse, width.InUse);
        Assert.False(width.Trying);
    }

    [Fact]
    public void Noise_does_not_make_it_wander_far()
    {
        var random = new Random(7);
        var width = TripWidth.Start;
        var widest = 0;
        for (var i = 0; i < 5_000; i++)
        {
            width = width.After(10_000 * (0.8 + (0.4 * random.NextDouble())), saturated: true, most: 10);
            widest = Math.Max(widest, width.Kept);
        }
        Assert.InRange(widest, 1, 4);
    }

    [Property]
    public bool It_never_leaves_one_to_most((NonNegativeInt Rate, PositiveInt Most, bool Saturated)[] windows)
    {
        var width = TripWidth.Start;
        return windows.All(w =>
        {
            var most = 1 + (w.Most.Get % 12);
            width = width.After(w.Rate.Get, w.Saturated, most);
            return width.Kept >= 1 && width.InUse >= 1 && width.InUse <= most;
        });
    }

    private static TripWidth Run(TripWidth width, int windows, Func<int, double> throughput)
    {
        for (var i = 0; i < windows; i++)
        {
            width = width.After(throughput(width.InUse), saturated: true, most: 10);
        }
        return width;
    }

    [Fact]
    public void A_width_that_nobody_waits_for_narrows_to_where_it_began_and_no_further()
    {
        var width = new TripWidth(8, 1000, 1, false, 0);
        for (var window = 0; window < 200; window++)
        {
            width = width.After(rate: 1000, saturated: false, most: 10);
        }
        Assert.Equal(TripWidth.Start.Kept, width.InUse);
        var narrow = new TripWidth(1, 1000, 1, false, 0);
        Assert.Equal(1, Enumerable.Range(0, 50).Aggregate(narrow, (now, _) => now.After(1000, saturated: false, most: 10)).InUse);
    }
}
