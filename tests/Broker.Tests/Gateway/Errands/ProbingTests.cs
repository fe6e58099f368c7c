using Broker.Configuration;
using Broker.Errands;
using Broker.Gateway.Errands;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Gateway.Errands;

/// <summary>A text that was too slow for company is tried again, seldom enough that it holds nobody up.</summary>
public sealed class ProbingTests
{
    private static readonly PackingSettings Packing = PackingSettings.Parse("target = 3ms\nprobe = 10s");

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly SharedEstimate _text = new();

    [Fact]
    public void A_text_that_never_ran_may_travel() => Assert.True(MayTravel());

    [Fact]
    public void One_slow_moment_keeps_a_fast_text_alone_for_a_hundred_times_as_long_and_no_longer()
    {
        Travel(1, milliseconds: 5);

        Assert.False(MayTravel());
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(MayTravel());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(MayTravel());
        Travel(1, milliseconds: 0.2);
        Assert.False(MayTravel());
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.True(MayTravel());
        Travel(1, milliseconds: 0.2);
        Assert.Equal((true, true), (MayTravel(), MayTravel()));
    }

    [Fact]
    public void Of_those_that_wait_for_it_to_be_due_one_goes()
    {
        Travel(1, milliseconds: 5);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((true, false), (MayTravel(), MayTravel()));
    }

    [Fact]
    public void A_text_that_stays_slow_is_tried_once_in_each_probe()
    {
        Travel(1, milliseconds: 2000);
        var tried = 0;
        for (var second = 0; second < 60; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            if (MayTravel())
            {
                tried++;
                Travel(1, milliseconds: 2000);
            }
        }
        Assert.Equal(6, tried);
    }

    [Fact]
    public void A_text_with_answers_too_long_goes_alone_for_ever()
    {
        _text.Value = _text.Value.AloneFor(long.MaxValue);
        Travel(2, milliseconds: 0.1);
        _time.Advance(TimeSpan.FromDays(1));

        Assert.False(MayTravel());
    }

    [Fact]
    public void Where_nothing_is_probed_a_slow_text_goes_alone_for_ever()
    {
        _text.Value = Probing.After(_text.Value, 1, TimeSpan.FromMilliseconds(5), default, PackingSettings.Parse("probe = off"), _time);
        _time.Advance(TimeSpan.FromDays(1));

        Assert.False(MayTravel());
    }

    private void Travel(int members, double milliseconds) =>
        _text.Value = Probing.After(_text.Value, members, TimeSpan.FromMilliseconds(milliseconds), default, Packing, _time);

    private bool MayTravel() => Probing.MayTravel(_text, Packing, _time);
}
