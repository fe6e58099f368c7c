using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Errands;
using Broker.Statements;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Errands;

/// <summary>Eight callers whose trips are better over one connection, but come with pauses there.</summary>
public sealed class WidthWindowTests
{
    private static readonly TextFacts Facts = new("select 1", "SELECT", Travel.InReadGroup, Writes: false, ReturnsRows: true);

    private readonly FakeTimeProvider _time = new();
    private readonly WidthWindow _window;
    private int _trips;

    public WidthWindowTests() =>
        _window = new(BrokerSettings.Parse("broker.servers.main { }\nbroker.databases.orders { user = app }").Databases["orders"].Packing, 3, _time);

    [Fact]
    public void A_pause_counts_for_and_against_no_width()
    {
        var narrow = 0;
        for (var trip = 0; trip < 5_000; trip++)
        {
            if (_window.InUse == 1 && trip % 20 == 0)
            {
                _time.Advance(TimeSpan.FromSeconds(2));
            }
            Run(TimeSpan.FromMilliseconds(_window.InUse == 1 ? 0.8 : 1));
            narrow += _window.InUse == 1 ? 1 : 0;
        }
        Assert.InRange(narrow, 3_000, 5_000);
    }

    private void Run(TimeSpan time)
    {
        var arrived = _time.GetTimestamp();
        _time.Advance(time);
        ImmutableArray<Errand> members =
        [
            .. Enumerable.Range(0, 8).Select(i => new Errand(
                new RunErrand(new ErrandId(0, i), new Statement(Facts.Text), CallerContext.None, ErrandLimits.Default), ActorRefs.Nobody, Facts, new SharedEstimate(), arrived, long.MaxValue)),
        ];
        _window.Completed(new Trip(TripShape.ReadGroup, TripLane.Reads, CallerContext.None, members), members.Length, othersWait: false, othersTravel: _window.InUse > 1 && _trips++ % 2 == 0);
    }
}
