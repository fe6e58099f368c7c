using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Errands;
using Broker.Tests.Statements;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Errands;

/// <summary>
/// What goes next, on a clock that stands still unless it is moved. The text is known to be fast, so that many share a trip.
/// </summary>
public sealed class ErrandLineTests
{
    private static readonly ConnectionId First = new(1);
    private static readonly ConnectionId Second = new(2);

    private readonly FakeTimeProvider _time = new();
    private readonly ErrandLine _line;
    private long _errands;

    public ErrandLineTests()
    {
        var database = BrokerSettings.Parse("broker.servers.main { }\nbroker.databases.orders { user = app }").Databases["orders"];
        var texts = new ErrandTexts(database.Packing, database.Errands, _time);
        _line = new(database.Packing, database.Errands, TimeSpan.FromSeconds(30), texts, mostConnections: 10, _time);
        for (var fill = 1; fill < 64; fill *= 2)
        {
            Add(fill);
            _line.CanHave(1);
            End(First, Start(First));
        }
        Assert.Equal(0, _line.Waiting);
        _line.CanHave(10);
    }

    [Fact]
    public void Reads_are_spread_over_the_width()
    {
        Add(8);
        Assert.Equal(2, _line.Width);
        Assert.Equal(4, Start(First).Members.Length);
        Assert.Equal(4, Start(Second).Members.Length);
    }

    [Fact]
    public void Reads_are_not_spread_over_connections_that_cannot_be_had()
    {
        Add(8);
        _line.CanHave(1);
        Assert.Equal(1, _line.Width);
        Assert.Equal(8, Start(First).Members.Length);
        _line.CanHave(0);
        Assert.Equal(1, _line.Width);
        _line.CanHave(10);
        Assert.Equal(2, _line.Width);
    }

    [Fact]
    public void A_trip_that_is_held_for_callers_leaves_though_the_clock_stands_still()
    {
        _line.CanHave(1);
        Add(8);
        End(First, Start(First));
        Add(1);
        Assert.True(_line.IsGathering());
        var turns = 1;
        while (_line.IsGathering())
        {
            Assert.InRange(++turns, 2, 10_000);
        }
        Assert.NotNull(_line.Next());
    }

    [Fact]
    public void An_errand_put_back_in_line_waits_no_longer_than_its_own_deadline()
    {
        Add(1);
        var trip = Start(First);
        _time.Advance(TimeSpan.FromSeconds(10));
        Add(1);
        Start(Second);
        _time.Advance(TimeSpan.FromSeconds(20));
        // Nobody waits: all deadlines known so far are forgotten.
        Assert.Empty(_line.Expire());
        _line.Ended(First, Report(trip) with { Completed = 0, RunAgain = trip.Members });
        Assert.Equal(TimeSpan.Zero, _line.WakesIn);
        Assert.Equal(trip.Members[0].Request.Id, Assert.Single(_line.Expire()).Request.Id);
    }

    [Theory]
    [InlineData(long.MinValue, true)]
    [InlineData(-1, true)]
    [InlineData(long.MaxValue, false)]
    [InlineData(long.MaxValue - 1, false)]
    public void No_wait_is_too_short_or_too_long(long ticks, bool isOver)
    {
        Assert.Null(_line.Add(new(new ErrandId(1, 1), new("select 1"), CallerContext.None, new(new TimeSpan(ticks))), ActorRefs.Nobody));

        Assert.Equal(isOver, _line.WakesIn == TimeSpan.Zero);
        Assert.Equal(isOver ? 1 : 0, _line.Expire().Count);
    }

    private void Add(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var statement = new Statement("select 1");
            Assert.Null(_line.Add(new(new ErrandId(1, ++_errands), statement, CallerContext.None, ErrandLimits.Default), ActorRefs.Nobody));
        }
    }

    private Trip Start(ConnectionId connection)
    {
        var trip = _line.Next();
        Assert.NotNull(trip);
        _line.Started(connection, trip);
        return trip;
    }

    private void End(ConnectionId connection, Trip trip) => _line.Ended(connection, Report(trip));

    private static TripReport Report(Trip trip) =>
        new(trip, TimeSpan.FromMicroseconds(10), TimeSpan.FromMicroseconds(trip.Members.Length), trip.Members.Length, [])
        {
            Learned = trip.Lesson is { } lesson ? new(lesson, BareCatalogue.AnswersTo(lesson.Questions)) : null,
        };
}
