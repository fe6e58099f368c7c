using Broker.Errands;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Errands;

public sealed class TripWidthTests
{
    [Fact]
    public void It_starts_with_one_connection() => Assert.Equal(1, TripWidth.Start.InUse);

    [Fact]
    public void It_climbs_to_where_the_throughput_is_best()
    {
        var width = Run(TripWidth.Start, windows: 400, w => 10_000 - (Math.Abs(w - 4) * 1_000));
        Assert.Equal(4, width.Kept);
    }

    [Fact]
    public void Where_more_connections_bring_nothing_it_stays_with_few()
    {
        var width = Run(TripWidth.Start, windows: 400, _ => 10_000);
        Assert.Equal(1, width.Kept);
    }

    [Fact]
    public void It_falls_when_the_load_changes_so_that_fewer_are_better()
    {
        var width = Run(TripWidth.Start, windows: 400, w => w * 1_000);
        Assert.Equal(10, width.Kept);
        Assert.Equal(1, Run(width, windows: 800, w => 10_000 - (w * 800)).Kept);
    }

    [Fact]
    public void A_window_in_which_nobody_waited_teaches_nothing()
    {
        var width = TripWidth.Start;
        for (var i = 0; i < 100; i++)
        {
            width = width.After(rate: i, saturated: false, most: 10);
        }
        Assert.Equal(1, width.InUse);
        Assert.False(width.Trying);
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
}
