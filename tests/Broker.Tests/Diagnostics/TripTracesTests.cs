using System.Collections.Immutable;
using System.Diagnostics;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Diagnostics;
using Broker.Errands;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Diagnostics;

public sealed class TripTracesTests : IDisposable
{
    private static readonly PoolId Orders = new("orders", "app");
    private static readonly ConnectionId C3 = new(3);
    private static readonly TracingOptions Silent = TracingOptions.Default;

    private readonly Traced _traced = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _traced.Dispose();

    [Fact]
    public void The_wait_in_line_and_the_time_on_the_server_are_children_of_the_callers_activity_with_their_true_times()
    {
        var arrived = _clock.GetTimestamp();
        var start = _clock.GetUtcNow().UtcDateTime;
        _clock.Advance(TimeSpan.FromMilliseconds(50));

        Tell(TripShape.Alone, TimeSpan.FromMilliseconds(20), Silent,
            new TracedErrand(_traced.Root.Id, "select 1", arrived, RunsAgain: false));

        var (wait, serve) = (_traced.Single("wait"), _traced.Single("serve"));
        Assert.Equal((start, TimeSpan.FromMilliseconds(30)), (wait.StartTimeUtc, wait.Duration));
        Assert.Equal((start.AddMilliseconds(30), TimeSpan.FromMilliseconds(20)), (serve.StartTimeUtc, serve.Duration));
        Assert.Equal([_traced.Root.SpanId, _traced.Root.SpanId], [wait.ParentSpanId, serve.ParentSpanId]);
        Assert.Equal(("orders~app", "c3", "alone"),
            (serve.GetTagItem("broker.pool"), serve.GetTagItem("broker.connection"), serve.GetTagItem("broker.trip.shape")));
    }

    [Fact]
    public void A_statement_that_travelled_alone_has_no_activity_for_its_trip()
    {
        Tell(TripShape.Alone, TimeSpan.FromMilliseconds(1), Silent, Member());

        Assert.DoesNotContain(_traced.Stopped, one => one.OperationName == "trip");
    }

    [Fact]
    public void A_packed_trip_links_to_all_its_members_and_each_member_to_it()
    {
        Tell(TripShape.ReadGroup, TimeSpan.FromMilliseconds(1), Silent, Member(), Member(), Untraced());

        var trip = _traced.Single("trip");
        Assert.Equal(default, trip.ParentSpanId);
        Assert.NotEqual(_traced.Root.TraceId, trip.TraceId);
        Assert.Equal([_traced.Root.SpanId, _traced.Root.SpanId], trip.Links.Select(link => link.Context.SpanId));
        Assert.Equal((3, "read_group"), (trip.GetTagItem("db.operation.batch.size"), trip.GetTagItem("broker.trip.shape")));
        Assert.Equal(ActivityKind.Client, trip.Kind);
        var serves = _traced.Stopped.Where(one => one.OperationName == "serve").ToList();
        Assert.Equal(2, serves.Count);
        Assert.All(serves, serve => Assert.Equal(trip.SpanId, Assert.Single(serve.Links).Context.SpanId));
    }

    [Fact]
    public void A_trip_of_members_whose_callers_are_not_traced_tells_nothing()
    {
        var before = _traced.Stopped.Count();

        Tell(TripShape.WriteGroup, TimeSpan.FromMilliseconds(1), Silent, Untraced(),
            new TracedErrand("no traceparent", "select 1", 0, RunsAgain: false));

        Assert.Equal(before, _traced.Stopped.Count());
    }

    [Fact]
    public void A_members_text_is_told_only_when_asked_for()
    {
        Tell(TripShape.Alone, TimeSpan.FromMilliseconds(1), Silent, Member());
        Assert.Null(_traced.Single("serve").GetTagItem("db.query.text"));

        using var other = new Traced();
        Tell(TripShape.Alone, TimeSpan.FromMilliseconds(1), new TracingOptions(StatementTexts: true), Member(other));
        Assert.Equal("select 1", other.Single("serve").GetTagItem("db.query.text"));
    }

    [Fact]
    public void A_member_that_runs_again_says_so()
    {
        Tell(TripShape.Alone, TimeSpan.FromMilliseconds(1), Silent, Member() with { RunsAgain = true });

        Assert.Equal(true, _traced.Single("serve").GetTagItem("broker.errand.rerun"));
    }

    [Fact]
    public void The_actors_own_activity_is_left_as_it_was()
    {
        var current = Activity.Current;

        Tell(TripShape.ReadGroup, TimeSpan.FromMilliseconds(1), Silent, Member(), Member());

        Assert.Same(current, Activity.Current);
    }

    [Fact]
    public void With_traces_off_a_listener_is_not_told() => Assert.False(TripTraces.IsWatched(new TracingOptions(Enabled: false)));

    private void Tell(TripShape shape, TimeSpan elapsed, TracingOptions options, params ImmutableArray<TracedErrand> members) =>
        TripTraces.Tell(Orders, C3, shape, members, elapsed, _clock, options);

    private TracedErrand Member(Traced? traced = null) =>
        new((traced ?? _traced).Root.Id, "select 1", _clock.GetTimestamp(), RunsAgain: false);

    private TracedErrand Untraced() => Member() with { TraceParent = null };
}
