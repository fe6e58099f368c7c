using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Statements;

namespace Broker.Errands;

/// <summary>
/// The errands of one pool that wait, and the trips under way: what goes next, how many together, over how many connections (`errands.md`).
/// Mutable, and owned by the pool's actor; what it decides by are the pure <see cref="TextEstimate"/> and <see cref="TripWidth"/>.
/// </summary>
internal sealed class ErrandLine
{
    // A statement that travels alone in a lane keeps the lane for no longer than this: it may be waiting for a lock.
    private static readonly TimeSpan LanePatience = TimeSpan.FromMilliseconds(100);

    // Callers who were answered together come back within this time of one another, or not together.
    private static readonly TimeSpan GatherPatience = TimeSpan.FromMicroseconds(20);

    private readonly PackingSettings _packing;
    private readonly ErrandSettings _errands;
    private readonly ErrandTexts _texts;
    private readonly TimeProvider _time;
    private readonly ErrandQueue _reads = new();
    private readonly ErrandQueue _writes = new();
    private readonly ErrandQueue _alone = new();
    private readonly Dictionary<ConnectionId, UnderWay> _underWay = [];
    private readonly WidthWindow _width;
    private readonly List<Errand> _taken = [];
    private readonly ParameterProof _proof = new();
    private readonly long _gatherPatience;
    private readonly TimeSpan _patience;
    private long _nextDeadline = long.MaxValue;
    private TimeSpan? _laneWakesIn;
    private Gathering _gathering = Gathering.Start;

    /// <param name="packing">How errands are packed.</param>
    /// <param name="errands">How they run.</param>
    /// <param name="patience">How long an errand may wait when it does not say.</param>
    /// <param name="texts">What is known of their texts.</param>
    /// <param name="time">The clock.</param>
    internal ErrandLine(PackingSettings packing, ErrandSettings errands, TimeSpan patience, ErrandTexts texts, TimeProvider time)
    {
        _patience = patience;
        _packing = packing;
        _errands = errands;
        _texts = texts;
        _time = time;
        _width = new(packing, time);
        _gatherPatience = (long)(GatherPatience.TotalSeconds * time.TimestampFrequency);
    }

    private sealed record UnderWay(Trip Trip, long Started);

    /// <summary>How many wait.</summary>
    internal int Waiting => _reads.Count + _writes.Count + _alone.Count;

    /// <summary>How many connections are on a trip.</summary>
    internal int Trips => _underWay.Count;

    /// <summary>The arrival of the errand that has waited longest among those that could start now; null when none could.</summary>
    internal long? OldestReady => Ready()?.Oldest?.Arrived;

    /// <summary>The arrival of the errand that has waited longest; null when none waits.</summary>
    internal long? Oldest => Min(Min(_reads.Oldest?.Arrived, _writes.Oldest?.Arrived), _alone.Oldest?.Arrived);

    /// <summary>How many more connections the errands that wait could use now.</summary>
    internal int Wanted => (ReadsMayStart ? 1 : 0) + (WritesMayStart ? 1 : 0) + _alone.Count;

    /// <summary>How many connections trips of fast reads may use now.</summary>
    internal int Width => _width.InUse;

    /// <summary>How long until something of the line may be due: a deadline, or a lane that one slow statement keeps; null for nothing.</summary>
    internal TimeSpan? WakesIn => Waiting == 0 ? null
        : _laneWakesIn is { } lane && lane < _time.GetElapsedTime(_time.GetTimestamp(), _nextDeadline) ? lane
        : _time.GetElapsedTime(_time.GetTimestamp(), _nextDeadline);

    private bool ReadsMayStart => _reads.Count > 0 && InLane(TripLane.Reads) is var trips && trips < _width.InUse && (trips == 0 || !_gathering.TheyReturn || _reads.Count >= FairFill());

    private bool WritesMayStart => _writes.Count > 0 && InLane(TripLane.Writes) == 0;

    /// <summary>Puts an errand in line; returns why not, when its text or a parameter may not travel.</summary>
    internal Failure? Add(RunErrand request, IActorRef caller)
    {
        var (facts, estimate, refusal) = _texts.Find(request);
        if ((refusal ?? _proof.Check(request.Statement)) is { } refused)
        {
            return refused;
        }
        var queue = request.Limits.IdempotencyKey is null && estimate.Value.Shares && _texts.Packs(facts, request.Context)
            ? facts.Travel == Travel.InReadGroup ? _reads : _writes
            : _alone;
        var now = _time.GetTimestamp();
        var deadline = now + (long)((request.Limits.Wait ?? _patience).TotalSeconds * _time.TimestampFrequency);
        _nextDeadline = Math.Min(_nextDeadline, deadline);
        queue.Add(new(request, caller, facts, estimate, now, deadline));
        _gathering = _gathering.ErrandCame(now);
        return null;
    }

    /// <summary>
    /// Whether the next trip waits for callers that were answered a moment ago; to be asked again at once. Not when a trip is full without them, nor
    /// for errands that share none.
    /// </summary>
    internal bool IsGathering()
    {
        if (_gathering.Expected == 0 || Ready() is not { } queue)
        {
            return false;
        }
        if (queue != _alone && queue.Count < queue.Oldest!.Estimate.Value.Fill && _gathering.Holds(queue.Count, _time.GetTimestamp(), _gatherPatience))
        {
            return true;
        }
        _gathering = _gathering.Settled(queue.Count);
        return false;
    }

    /// <summary>Puts errands in line again that had no answer: they travel alone, before all that came after them.</summary>
    internal void AddAgain(IEnumerable<Errand> errands)
    {
        foreach (var errand in errands)
        {
            _alone.Add(errand with { RunsAgain = true });
        }
    }

    /// <summary>The next trip to start; null when none may. The caller has a connection for it and says so with <see cref="Started"/>.</summary>
    /// <param name="mostConnections">How many connections the pool could use for trips: what the width may grow to.</param>
    internal Trip? Next(int mostConnections)
    {
        _laneWakesIn = null;
        _width.Most = mostConnections;
        var queue = Ready();
        if (queue is null)
        {
            return null;
        }
        _taken.Clear();
        if (queue == _alone)
        {
            queue.TakeOne(_taken);
        }
        else
        {
            var microseconds = 0.0;
            var most = queue == _reads ? FairFill() : int.MaxValue;
            queue.TakeWhile(_taken, errand =>
            {
                var estimate = errand.Estimate.Value;
                microseconds += estimate.MicrosecondsEach;
                return _taken.Count == 0 || (_taken.Count < Math.Min(estimate.Fill, most) && microseconds <= _packing.Target.TotalMicroseconds);
            });
        }
        return TripOf(queue);
    }

    /// <summary>A trip was handed to a connection.</summary>
    internal void Started(ConnectionId connection, Trip trip) => _underWay[connection] = new(trip, _time.GetTimestamp());

    /// <summary>A trip is over: learns from it, and puts back in line what must run again.</summary>
    internal void Ended(ConnectionId connection, TripReport report)
    {
        if (!_underWay.Remove(connection, out var ended))
        {
            return;
        }
        _texts.Learn(report);
        _gathering = _gathering.TripEnded(report.Completed, _time.GetTimestamp());
        if (ended.Trip.Lane == TripLane.Reads)
        {
            _width.Completed(ended.Trip, report.Completed, othersWait: _reads.Count > 0, othersTravel: InLane(TripLane.Reads) > 0);
        }
        AddAgain(report.RunAgain);
    }

    /// <summary>Takes an errand out of the line; null when it does not wait.</summary>
    internal Errand? Withdraw(ErrandId id) => _reads.Withdraw(id) ?? _writes.Withdraw(id) ?? _alone.Withdraw(id);

    /// <summary>The trip that carries an errand; null when none does.</summary>
    internal (ConnectionId Connection, Trip Trip, Errand Errand)? Carrying(ErrandId id)
    {
        foreach (var (connection, under) in _underWay)
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

    /// <summary>Takes out all that have waited for as long as they may.</summary>
    internal List<Errand> Expire()
    {
        var now = _time.GetTimestamp();
        if (now < _nextDeadline)
        {
            return [];
        }
        _nextDeadline = long.MaxValue;
        return RemoveAll(errand =>
        {
            if (errand.Deadline <= now)
            {
                return true;
            }
            _nextDeadline = Math.Min(_nextDeadline, errand.Deadline);
            return false;
        });
    }

    /// <summary>Takes out all that wait.</summary>
    internal List<Errand> RemoveAll() => RemoveAll(static _ => true);

    /// <summary>Takes out what travels on a connection that died without a word.</summary>
    internal ImmutableArray<Errand> Lost(ConnectionId connection) => _underWay.Remove(connection, out var lost) ? lost.Trip.Members : [];

    private List<Errand> RemoveAll(Func<Errand, bool> leaves)
    {
        var gone = new List<Errand>();
        _reads.RemoveAll(gone, leaves);
        _writes.RemoveAll(gone, leaves);
        _alone.RemoveAll(gone, leaves);
        return gone;
    }

    private Trip TripOf(ErrandQueue queue)
    {
        var shape = _taken.Count > 1 ? (queue == _reads ? TripShape.ReadGroup : _packing.Writes == WritePacking.Barrier ? TripShape.Barrier : TripShape.WriteGroup)
            : _taken[0].Request.Limits.IdempotencyKey is not null ? TripShape.Keyed
            : _errands.Settle && _texts.CanBeSettled(_taken[0].Facts) ? TripShape.WriteGroup
            : TripShape.Alone;
        var lane = queue == _reads ? TripLane.Reads : queue == _writes ? TripLane.Writes : TripLane.None;
        return new(shape, lane, _taken[0].Request.Context, shape == TripShape.ReadGroup ? ByText() : [.. _taken]) { Lesson = _texts.LessonFor(_taken) };
    }

    /// <summary>What was taken, those of one text together, so that one statement may carry them; reads of a trip have no order among themselves.</summary>
    private ImmutableArray<Errand> ByText()
    {
        var first = _taken[0].Facts;
        return _taken.TrueForAll(errand => ReferenceEquals(errand.Facts, first))
            ? [.. _taken]
            : [.. _taken.GroupBy(static errand => errand.Facts, ReferenceEqualityComparer.Instance).SelectMany(static same => same)];
    }

    /// <summary>
    /// How many reads a trip takes when those that wait and those under way are spread evenly over the width: else one connection ends up with nearly all
    /// and the other goes to and fro with one. Fewer wait for the next trip to end, where callers are known to come back.
    /// </summary>
    private int FairFill()
    {
        var all = _reads.Count;
        foreach (var under in _underWay.Values)
        {
            all += under.Trip.Lane == TripLane.Reads ? under.Trip.Members.Length : 0;
        }
        return Math.Min(_packing.MaxFill, (all + _width.InUse - 1) / _width.InUse);
    }

    private ErrandQueue? Ready()
    {
        ErrandQueue? best = null;
        Consider(ReadsMayStart, _reads, ref best);
        Consider(WritesMayStart, _writes, ref best);
        Consider(_alone.Count > 0, _alone, ref best);
        return best;
    }

    private static void Consider(bool may, ErrandQueue queue, ref ErrandQueue? best)
    {
        if (may && (best is null || queue.Oldest!.Arrived < best.Oldest!.Arrived))
        {
            best = queue;
        }
    }

    private int InLane(TripLane lane)
    {
        var count = 0;
        foreach (var under in _underWay.Values)
        {
            if (under.Trip.Lane == lane && !HasLostItsLane(under))
            {
                count++;
            }
        }
        return count;
    }

    private bool HasLostItsLane(UnderWay under)
    {
        if (under.Trip.Members.Length > 1)
        {
            return false;
        }
        var left = LanePatience - _time.GetElapsedTime(under.Started);
        if (left > TimeSpan.Zero)
        {
            _laneWakesIn = _laneWakesIn is { } sooner && sooner < left ? sooner : left;
        }
        return left <= TimeSpan.Zero;
    }

    private static long? Min(long? left, long? right) => left is null ? right : right is null ? left : Math.Min(left.Value, right.Value);
}
