using Broker.Configuration;
using Broker.Errands;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Errands;

/// <summary>Eight callers whose trips are better over one connection, but come with pauses there.</summary>
public sealed class WidthWindowTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly WidthWindow _window;
    private int _trips;

    public WidthWindowTests() =>
        _window = new(BrokerSettings.Parse("broker.servers.main { }\nbroker.databases.orders { user = app }").Databases["orders"].Packing,
            3, _time);

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
        long[] members = [.. Enumerable.Repeat(arrived, 8)];
        _window.Completed(members, members.Length, othersWait: false, othersTravel: _window.InUse > 1 && _trips++ % 2 == 0);
    }
}
