using Broker.Configuration;
using Broker.Errands;
using Broker.Gateway.Errands;
using Xunit;

namespace Broker.Tests.Gateway.Errands;

/// <summary>What a trip takes for nothing is not held against the texts in it.</summary>
public sealed class TripOverheadTests
{
    private static readonly PackingSettings Packing = PackingSettings.Parse("target = 3ms\nmax-fill = 64\nprobe = 10s");

    private TripOverhead _overhead;
    private TextEstimate _text = TextEstimate.Unknown;

    [Fact]
    public void On_a_busy_machine_where_every_trip_takes_long_fast_texts_share_it_all_the_same()
    {
        for (var trip = 0; trip < 12; trip++)
        {
            Travel(_text.Fill, milliseconds: 8 + (0.02 * _text.Fill));
        }
        Assert.Equal(64, _text.Fill);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(5, 2)]
    [InlineData(400, 1)]
    public void Of_a_text_that_takes_long_by_itself_no_more_travel_than_the_target_has_room_for(double milliseconds, int most)
    {
        for (var trip = 0; trip < 20; trip++)
        {
            Assert.InRange(_text.Fill, 1, most);
            Travel(_text.Fill, 0.2 + (milliseconds * _text.Fill));
        }
    }

    [Fact]
    public void A_shorter_trip_lowers_it_at_once_and_longer_ones_of_one_raise_it_slowly()
    {
        var overhead = new TripOverhead(1000).After(20, TimeSpan.FromMilliseconds(0.4), TimeSpan.FromMilliseconds(60));
        var longer = overhead.After(1, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(60));

        Assert.Equal((400, 500), (overhead.Microseconds, longer.Microseconds));
        Assert.Equal(400, overhead.After(20, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(60)).Microseconds);
        Assert.Equal((TimeSpan.FromMilliseconds(1.6), TimeSpan.Zero),
            (overhead.Work(TimeSpan.FromMilliseconds(2)), overhead.Work(TimeSpan.FromMilliseconds(0.3))));
    }

    [Fact]
    public void A_trip_takes_no_more_for_nothing_than_it_may() =>
        Assert.Equal(60_000, default(TripOverhead).After(1, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(60)).Microseconds);

    private void Travel(int members, double milliseconds)
    {
        var elapsed = TimeSpan.FromMilliseconds(milliseconds);
        _overhead = _overhead.After(members, elapsed, Packing.TripLimit / 4);
        _text = Probing.After(_text, members, elapsed, _overhead, Packing, TimeProvider.System);
    }
}
