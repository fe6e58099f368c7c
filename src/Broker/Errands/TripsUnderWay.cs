using Broker.Client.Protocol;

namespace Broker.Errands;

/// <summary>
/// The trips of one pool that are under way: which connection carries what, and which lanes are kept by how many. Mutable, and owned by the
/// pool's actor.
/// </summary>
internal sealed class TripsUnderWay
{
    // A statement that travels alone in a lane keeps the lane for no longer than this: it may be waiting for a lock.
    private static readonly TimeSpan LanePatience = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<ConnectionId, UnderWay> _trips = [];
    private readonly TimeProvider _time;

    /// <param name="time">The clock.</param>
    internal TripsUnderWay(TimeProvider time) => _time = time;

    private readonly record struct UnderWay(Trip Trip, long Started);

    /// <summary>How many reads share trips now.</summary>
    internal int Reads
    {
        get
        {
            var count = 0;
            foreach (var under in _trips.Values)
            {
                count += under.Trip.Lane == TripLane.Reads ? under.Trip.Members.Length : 0;
            }
            return count;
        }
    }

    /// <summary>A connection was given a trip.</summary>
    internal void Started(ConnectionId connection, Trip trip) => _trips[connection] = new(trip, _time.GetTimestamp());

    /// <summary>A connection's trip is over, or lost with it; null when it had none.</summary>
    internal Trip? Ended(ConnectionId connection) => _trips.Remove(connection, out var ended) ? ended.Trip : null;

    /// <summary>The trip that carries an errand; null when none does.</summary>
    internal (ConnectionId Connection, Trip Trip, Errand Errand)? Carrying(ErrandId id)
    {
        foreach (var (connection, under) in _trips)
        {
            foreach (var errand in under.Trip.Members)
            {
                if (errand.Request.Id == id)
                {
                    return (connection, under.Trip, errand);
                }
            }
        }
        return null;
    }

    /// <summary>How many trips keep a lane busy.</summary>
    internal int InLane(TripLane lane)
    {
        var count = 0;
        foreach (var under in _trips.Values)
        {
            count += under.Trip.Lane == lane && LaneFreeIn(under) > TimeSpan.Zero ? 1 : 0;
        }
        return count;
    }

    /// <summary>
    /// How long until a lane is free of the next trip whose one statement is slow; null when that will not happen by itself.
    /// </summary>
    internal TimeSpan? LaneFreeIn(TripLane lane)
    {
        TimeSpan? soonest = null;
        foreach (var under in _trips.Values)
        {
            if (under.Trip.Lane == lane && LaneFreeIn(under) is var left && left > TimeSpan.Zero && left < (soonest ?? TimeSpan.MaxValue))
            {
                soonest = left;
            }
        }
        return soonest;
    }

    private TimeSpan LaneFreeIn(UnderWay under) =>
        under.Trip.Members.Length > 1 ? TimeSpan.MaxValue : LanePatience - _time.GetElapsedTime(under.Started);
}
