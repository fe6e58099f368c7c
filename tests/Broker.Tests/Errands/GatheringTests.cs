using Broker.Errands;
using Xunit;

namespace Broker.Tests.Errands;

public sealed class GatheringTests
{
    private const long Patience = 20;

    [Fact]
    public void A_trip_waits_for_as_many_as_were_answered_as_long_as_they_keep_coming()
    {
        var gathering = Gathering.Start.TripEnded(8, now: 100);
        Assert.True(gathering.Holds(waiting: 0, now: 120, Patience));
        gathering = gathering.ErrandCame(now: 118);
        Assert.True(gathering.Holds(waiting: 1, now: 138, Patience));
        Assert.False(gathering.Holds(waiting: 1, now: 139, Patience));
        Assert.False(gathering.Holds(waiting: 8, now: 120, Patience));
    }

    [Fact]
    public void Nobody_is_waited_for_when_a_trip_of_one_ends()
    {
        Assert.False(Gathering.Start.TripEnded(1, now: 100).Holds(0, 100, Patience));
        Assert.Equal(Gathering.Start.TripEnded(8, now: 100), Gathering.Start.TripEnded(8, now: 100).TripEnded(1, now: 105));
    }

    [Fact]
    public void Callers_who_do_not_come_back_are_not_waited_for_but_now_and_then()
    {
        var gathering = Gathering.Start;
        var held = new List<int>();
        for (var trip = 0; trip < 300; trip++)
        {
            gathering = gathering.TripEnded(8, now: 1000 * trip);
            if (gathering.Holds(1, 1000 * trip, Patience))
            {
                held.Add(trip);
            }
            gathering = gathering.Settled(waiting: 1);
        }
        Assert.False(gathering.TheyReturn);
        Assert.InRange(held.Count, 2, 15);
        Assert.Contains(held, trip => trip > 100);
    }

    [Fact]
    public void Callers_who_come_back_again_are_waited_for_again()
    {
        var gathering = Gathering.Start with { Returning = 0 };
        for (var trip = 0; trip < 400; trip++)
        {
            gathering = gathering.TripEnded(8, now: trip).Settled(waiting: 8);
        }
        Assert.True(gathering.TheyReturn);
    }
}
