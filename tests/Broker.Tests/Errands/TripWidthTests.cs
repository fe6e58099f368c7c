using Broker.Errands;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Errands;

public sealed class TripWidthTests
{
    private const WidthSigns Both = WidthSigns.Shared | WidthSigns.Parallel;

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
    public void Where_each_has_a_connection_for_itself_nothing_is_tried()
    {
        var width = TripWidth.Start;
        for (var i = 0; i < 100; i++)
        {
            width = width.After(new(i, WidthSigns.Parallel), most: 10);
            Assert.False(width.Trying);
        }
        Assert.Equal(TripWidth.Start.InUse, width.InUse);
    }

    [Fact]
    public void Narrower_is_not_tried_where_one_connection_is_in_use_at_a_time()
    {
        var width = new TripWidth(2, 0, -1, false, 0);
        for (var i = 0; i < 200; i++)
        {
            width = width.After(new(1000, WidthSigns.Shared), most: 2);
            Assert.Equal(2, width.InUse);
        }
    }

    [Fact]
    public void Nobody_needs_to_wait_for_a_narrower_one_to_be_found() =>
        // Eight callers over two connections, four each: nobody waits, and one trip of eight costs less than two of four.
        Assert.Equal(1, Run(TripWidth.Start, windows: 100, w => 10_000 - (w * 1_000)).Kept);

    [Fact]
    public void A_trial_that_taught_nothing_makes_the_next_one_rarer_until_the_load_changes()
    {
        var width = new TripWidth(4, 0, 1, false, 0);
        int[] RestsIn(int windows, double peak)
        {
            var rests = new List<int>();
            for (var i = 0; i < windows; i++)
            {
                var tried = width.Trying;
                width = width.After(new(peak - (Math.Abs(width.InUse - 4) * peak / 5), Both), most: 10);
                if (width.Trying && !tried)
                {
                    rests.Add(width.Rest);
                }
            }
            return [.. rests];
        }
        Assert.Equal([12, 24, 48, 48], RestsIn(160, 1_000));
        Assert.Equal([12, 24, 48], RestsIn(160, 5_000));
        Assert.Equal(4, width.Kept);
    }

    [Fact]
    public void Noise_does_not_make_it_wander_far()
    {
        var random = new Random(7);
        var width = TripWidth.Start;
        var widest = 0;
        for (var i = 0; i < 5_000; i++)
        {
            width = width.After(new(10_000 * (0.8 + (0.4 * random.NextDouble())), Both), most: 10);
            widest = Math.Max(widest, width.Kept);
        }
        Assert.InRange(widest, 1, 4);
    }

    [Property]
    public bool It_never_leaves_one_to_most((NonNegativeInt Score, PositiveInt Most, bool Shared, bool Parallel)[] windows)
    {
        var width = TripWidth.Start;
        return windows.All(w =>
        {
            var most = 1 + (w.Most.Get % 12);
            width = width.After(new(w.Score.Get, (w.Shared ? WidthSigns.Shared : 0) | (w.Parallel ? WidthSigns.Parallel : 0)), most);
            return width.Kept >= 1 && width.InUse >= 1 && width.InUse <= most;
        });
    }

    private static TripWidth Run(TripWidth width, int windows, Func<int, double> score)
    {
        for (var i = 0; i < windows; i++)
        {
            width = width.After(new(score(width.InUse), Both), most: 10);
        }
        return width;
    }

    [Fact]
    public void A_width_of_which_each_statement_has_a_connection_for_itself_narrows_to_where_it_began_and_no_further()
    {
        var width = new TripWidth(8, 1000, 1, false, 0);
        for (var window = 0; window < 200; window++)
        {
            width = width.After(new(1000, WidthSigns.Parallel), most: 10);
        }
        Assert.Equal(TripWidth.Start.Kept, width.InUse);
        var narrow = new TripWidth(1, 1000, 1, false, 0);
        Assert.Equal(1, Enumerable.Range(0, 50).Aggregate(narrow, (now, _) => now.After(new(1000, WidthSigns.None), most: 10)).InUse);
    }

    [Theory]
    [InlineData(8, 0.0001, 0.0002)]
    [InlineData(64, 0.001, 0.0005)]
    public void For_callers_who_wait_for_their_answers_a_score_compares_as_the_throughput_does(int callers, double time, double other)
    {
        // So many callers, each answered after this time, in a second.
        double Rate(double seconds) => callers / seconds;
        double Score(double seconds) => WidthSample.ScoreOf((long)Rate(seconds), 1, Rate(seconds) * seconds);
        Assert.Equal(Rate(time) / Rate(other), Score(time) / Score(other), precision: 6);
    }

    [Fact]
    public void For_callers_who_come_at_their_own_pace_the_faster_answer_scores_higher() =>
        Assert.True(WidthSample.ScoreOf(1000, 1, 1000 * 0.001) > WidthSample.ScoreOf(1000, 1, 1000 * 0.0011));

    [Fact]
    public void Nothing_completed_scores_nothing() => Assert.Equal(0, WidthSample.ScoreOf(0, 1, 0));
}
