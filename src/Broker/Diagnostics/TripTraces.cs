using System.Collections.Immutable;
using System.Diagnostics;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Errands;

namespace Broker.Diagnostics;

/// <summary>
/// Adds to the activities of callers where the time of their errands went: a child "wait" from arrival to sending and a child "serve"
/// from sending to the trip's last answer, and for a group one activity "trip" of its own, linked with all its members. All are made
/// after the trip, since only then are the times known; they carry their true times.
/// </summary>
internal static class TripTraces
{
    /// <summary>Whether somebody listens; to be asked first, so that nothing else costs.</summary>
    internal static bool IsWatched(TracingOptions options) => options.Enabled && BrokerSource.Activities.HasListeners();

    /// <summary>Tells a trip that has just ended. Does nothing when none of its members is traced.</summary>
    /// <param name="pool">Whose trip.</param>
    /// <param name="connection">On which connection.</param>
    /// <param name="shape">How it travelled.</param>
    /// <param name="members">Its members.</param>
    /// <param name="elapsed">From sending to the last answer.</param>
    /// <param name="clock">The clock of the arrivals.</param>
    /// <param name="options">Whether texts are told.</param>
    internal static void Tell(
        PoolId pool, ConnectionId connection, TripShape shape, ImmutableArray<TracedErrand> members, TimeSpan elapsed, TimeProvider clock,
            TracingOptions options)
    {
        var callers = members.Select(member => (member, caller: Caller(member.TraceParent))).Where(one => one.caller != default)
            .ToImmutableArray();
        if (callers.IsEmpty)
        {
            return;
        }

        // what runs on this thread is the actor, not any of the callers
        var current = Activity.Current;
        Activity.Current = null;
        var (now, timestamp) = (clock.GetUtcNow(), clock.GetTimestamp());
        var sent = now - elapsed;
        var trip = members.Length > 1
            ? TellTrip(pool, connection, shape, members.Length, callers.Select(one => one.caller), sent, now)
            : default;
        foreach (var (member, caller) in callers)
        {
            TellWait(caller, now - clock.GetElapsedTime(member.Arrived, timestamp), sent);
            TellServe(pool, connection, shape, member, caller, trip, sent, now, options);
        }

        Activity.Current = current;
    }

    private static ActivityContext TellTrip(
        PoolId pool, ConnectionId connection, TripShape shape, int members, IEnumerable<ActivityContext> callers, DateTimeOffset sent,
            DateTimeOffset ended)
    {
        using var trip = BrokerSource.Activities.StartActivity(
            "trip", ActivityKind.Client, default(ActivityContext), Place(pool, connection, shape),
                callers.Select(caller => new ActivityLink(caller)), sent);
        trip?.SetTag(TraceAttributes.System, TraceAttributes.PostgreSql);
        trip?.SetTag(TraceAttributes.Namespace, pool.Database);
        trip?.SetTag(TraceAttributes.BatchSize, members);
        trip?.SetEndTime(ended.UtcDateTime);
        return trip?.Context ?? default;
    }

    private static void TellWait(ActivityContext caller, DateTimeOffset arrived, DateTimeOffset sent)
    {
        using var wait = BrokerSource.Activities.StartActivity("wait", ActivityKind.Internal, caller, startTime: arrived);
        wait?.SetEndTime((sent > arrived ? sent : arrived).UtcDateTime);
    }

    private static void TellServe(
        PoolId pool, ConnectionId connection, TripShape shape, TracedErrand member, ActivityContext caller, ActivityContext trip,
        DateTimeOffset sent, DateTimeOffset ended, TracingOptions options)
    {
        ActivityLink[] links = trip == default ? [] : [new ActivityLink(trip)];
        using var serve = BrokerSource.Activities.StartActivity("serve", ActivityKind.Internal, caller, Place(pool, connection, shape),
            links, sent);
        if (options.StatementTexts)
        {
            serve?.SetTag(TraceAttributes.QueryText, member.Text);
        }

        if (member.RunsAgain)
        {
            serve?.SetTag(TraceAttributes.Rerun, true);
        }

        serve?.SetEndTime(ended.UtcDateTime);
    }

    private static KeyValuePair<string, object?>[] Place(PoolId pool, ConnectionId connection, TripShape shape) =>
    [
        new(TraceAttributes.Pool, pool.ToString()),
        new(TraceAttributes.Connection, connection.ToString()),
        new(TraceAttributes.TripShape, shape.Word()),
    ];

    private static ActivityContext Caller(string? traceParent) =>
        traceParent is not null && ActivityContext.TryParse(traceParent, null, isRemote: true, out var caller) ? caller : default;
}
