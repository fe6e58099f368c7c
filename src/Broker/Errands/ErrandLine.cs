using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Statements;

namespace Broker.Errands;

/// <summary>
/// Which errands of one pool go next, how many together, over how many connections: between those that wait (<see cref="ErrandQueues"/>)
/// and the trips under way (<see cref="TripsUnderWay"/>). Mutable, and owned by the pool's actor; what it decides by are the pure
/// <see cref="TextEstimate"/>, <see cref="TripWidth"/> and <see cref="Gathering"/>.
/// </summary>
internal sealed class ErrandLine
{
    // Callers who were answered together come back within this time of one another, or not together.
    private static readonly TimeSpan GatherPatience = TimeSpan.FromMicroseconds(20);

    private readonly PackingSettings _packing;
    private readonly ErrandSettings _errands;
    private readonly ErrandTexts _texts;
    private readonly TimeProvider _time;
    private readonly ErrandQueues _queues = new();
    private readonly TripsUnderWay _underWay;
    private readonly WidthWindow _width;
    private readonly List<Errand> _taken = [];
    private readonly ParameterProof _proof = new();
    private readonly long _gatherPatience;
    private Gathering _gathering = Gathering.Start;
    private int _reachable;

    /// <param name="packing">How errands are packed.</param>
    /// <param name="errands">How they run.</param>
    /// <param name="patience">How long an errand may wait when it does not say.</param>
    /// <param name="texts">What is known of their texts.</param>
    /// <param name="mostConnections">How many connections trips may use at the most: what the width may grow to.</param>
    /// <param name="time">The clock.</param>
    internal ErrandLine(PackingSettings packing, ErrandSettings errands, TimeSpan patience, ErrandTexts texts, int mostConnections,
        TimeProvider time)
    {
        Patience = patience;
        _packing = packing;
        _errands = errands;
        _texts = texts;
        _time = time;
        _underWay = new(time);
        _width = new(packing, mostConnections, time);
        _reachable = mostConnections;
        _gatherPatience = (long)(GatherPatience.TotalSeconds * time.TimestampFrequency);
    }

    /// <summary>How long an errand may wait when it does not say.</summary>
    internal TimeSpan Patience { get; set; }

    /// <summary>How many connections trips may use at the most.</summary>
    internal int MostConnections { set => _width.Most = value; }

    /// <summary>How many wait.</summary>
    internal int Waiting => _queues.Waiting;

    /// <summary>The arrival of the errand that has waited longest among those that could start now; null when none could.</summary>
    internal long? OldestReady => Ready()?.Oldest?.Arrived;

    /// <summary>The arrival of the errand that has waited longest; null when none waits.</summary>
    internal long? Oldest => _queues.Oldest;

    /// <summary>How many more connections the errands that wait could use now.</summary>
    internal int Wanted => (ReadsMayStart ? 1 : 0) + (WritesMayStart ? 1 : 0) + _queues.Alone.Count;

    /// <summary>How many connections trips of fast reads may use now.</summary>
    internal int Width => Math.Min(_width.InUse, _reachable);

    /// <summary>
    /// How long until something of the line may be due: a deadline, or a lane that one slow statement keeps; null for nothing.
    /// </summary>
    internal TimeSpan? WakesIn => _queues.NextDeadline is not { } deadline ? null
        : Sooner(_time.GetElapsedTime(_time.GetTimestamp(), deadline), Sooner(LaneFreeIn(_queues.Reads), LaneFreeIn(_queues.Writes)));

    private bool ReadsMayStart => _queues.Reads.Count > 0 && _underWay.InLane(TripLane.Reads) is var trips && trips < Width
        && (trips == 0 || !_gathering.TheyReturn || _queues.Reads.Count >= FairFill());

    private bool WritesMayStart => _queues.Writes.Count > 0 && _underWay.InLane(TripLane.Writes) == 0;

    /// <summary>Puts an errand in line; returns why not, when its text or a parameter may not travel.</summary>
    internal Failure? Add(RunErrand request, IActorRef caller)
    {
        if (request.Unit is { } unit)
        {
            return AddUnit(request, unit, caller);
        }
        var (facts, estimate, refusal) = _texts.Find(request);
        if ((refusal ?? _proof.Check(request.Statement)) is { } refused)
        {
            return refused;
        }
        var queue = request.Limits.IdempotencyKey is null && estimate.Value.Shares && _texts.Packs(facts, request.Context)
            ? facts.Travel == Travel.InReadGroup ? _queues.Reads : _queues.Writes
            : _queues.Alone;
        PutInLine(queue, request, caller, facts, [], estimate);
        return null;
    }

    /// <summary>A unit goes with others when each of its texts could, else as a group of which it is the only member.</summary>
    private Failure? AddUnit(RunErrand request, ErrandUnit unit, IActorRef caller)
    {
        var (facts, more, estimate, refusal) = _texts.FindUnit(request, unit);
        if ((refusal ?? _proof.Check(request.Statement) ?? unit.More.Select(_proof.Check)
            .FirstOrDefault(static problem => problem is not null)) is { } refused)
        {
            return refused;
        }
        var shares = estimate.Value.Shares && _texts.PacksWithWrites(facts) && more.All(_texts.PacksWithWrites);
        PutInLine(shares ? _queues.Writes : _queues.Alone, request, caller, facts, more, estimate);
        return null;
    }

    private void PutInLine(ErrandQueue queue, RunErrand request, IActorRef caller, TextFacts facts, ImmutableArray<TextFacts> more,
        SharedEstimate estimate)
    {
        var now = _time.GetTimestamp();
        _queues.Add(queue, new(request, caller, facts, estimate, now, DeadlineOf(request, now)) { More = more });
        _gathering = _gathering.ErrandCame(now);
    }

    // A caller says what it likes, also that it waits for ever, or for less than nothing.
    private long DeadlineOf(RunErrand request, long now)
    {
        var wait = (request.Limits.Wait ?? Patience).TotalSeconds * _time.TimestampFrequency;
        return wait < ErrandQueues.NoDeadline - now ? now + (long)Math.Max(0, wait) : ErrandQueues.NoDeadline;
    }

    /// <summary>
    /// Whether the next trip waits for callers that were answered a moment ago; to be asked again at once. Not when a trip is full without
    /// them, nor for errands that share none.
    /// </summary>
    internal bool IsGathering()
    {
        if (_gathering.Expected == 0 || Ready() is not { } queue)
        {
            return false;
        }
        if (queue != _queues.Alone
            && queue.Count < queue.Oldest!.Estimate.Value.Fill
            && _gathering.Holds(queue.Count, _time.GetTimestamp(), _gatherPatience))
        {
            _gathering = _gathering.Held();
            return true;
        }
        _gathering = _gathering.Settled(queue.Count);
        return false;
    }

    /// <summary>Puts errands in line again that had no answer: they travel alone, before all that came after them.</summary>
    internal void AddAgain(IEnumerable<Errand> errands) => _queues.AddAgain(errands);

    /// <summary>Says how many connections trips can have at present: reads are not spread over those that are lent to others.</summary>
    internal void CanHave(int connections) => _reachable = Math.Max(1, connections);

    /// <summary>
    /// The next trip to start; null when none may. The caller has a connection for it and says so with <see cref="Started"/>.
    /// </summary>
    internal Trip? Next()
    {
        var queue = Ready();
        if (queue is null)
        {
            return null;
        }
        _taken.Clear();
        if (queue == _queues.Alone)
        {
            queue.TakeOne(_taken);
        }
        else
        {
            var microseconds = 0.0;
            var most = queue == _queues.Reads ? FairFill() : int.MaxValue;
            queue.TakeWhile(_taken, errand =>
            {
                var estimate = errand.Estimate.Value;
                microseconds += estimate.MicrosecondsEach;
                return _taken.Count == 0
                    || (_taken.Count < Math.Min(estimate.Fill, most) && microseconds <= _packing.Target.TotalMicroseconds);
            });
        }
        return TripOf(queue);
    }

    /// <summary>A trip was handed to a connection.</summary>
    internal void Started(ConnectionId connection, Trip trip) => _underWay.Started(connection, trip);

    /// <summary>A trip is over: learns from it, and puts back in line what must run again.</summary>
    internal void Ended(ConnectionId connection, TripReport report)
    {
        if (_underWay.Ended(connection) is not { } ended)
        {
            return;
        }
        _texts.Learn(report);
        _gathering = _gathering.TripEnded(report.Completed, _time.GetTimestamp());
        if (ended.Lane == TripLane.Reads)
        {
            Span<long> arrived = stackalloc long[ended.Members.Length];
            for (var i = 0; i < arrived.Length; i++)
            {
                arrived[i] = ended.Members[i].Arrived;
            }
            _width.Completed(arrived, report.Completed, othersWait: _queues.Reads.Count > 0,
                othersTravel: _underWay.InLane(TripLane.Reads) > 0);
        }
        AddAgain(report is { Culprit: { } culprit, CulpritHeldUp: false }
            ? report.RunAgain.Select(errand => errand.IsUnit && errand.Has(culprit) ? errand with { FailedAmongOthers = true } : errand)
            : report.RunAgain);
    }

    /// <summary>Takes an errand out of the line; null when it does not wait.</summary>
    internal Errand? Withdraw(ErrandId id) => _queues.Withdraw(id);

    /// <summary>The trip that carries an errand; null when none does.</summary>
    internal (ConnectionId Connection, Trip Trip, Errand Errand)? Carrying(ErrandId id) => _underWay.Carrying(id);

    /// <summary>Takes out all that have waited for as long as they may.</summary>
    internal List<Errand> Expire() => _queues.Expire(_time.GetTimestamp());

    /// <summary>Takes out all that wait.</summary>
    internal List<Errand> RemoveAll() => _queues.RemoveAll();

    /// <summary>Takes out what travels on a connection that died without a word.</summary>
    internal ImmutableArray<Errand> Lost(ConnectionId connection) => _underWay.Ended(connection)?.Members ?? [];

    private Trip TripOf(ErrandQueue queue)
    {
        var shape = _taken.Count > 1
            ? (queue == _queues.Reads ? TripShape.ReadGroup
                : _packing.Writes == WritePacking.Barrier ? TripShape.Barrier
                : TripShape.WriteGroup)
            : _taken[0].IsUnit ? TripShape.WriteGroup
            : _taken[0].Request.Limits.IdempotencyKey is not null ? TripShape.Keyed
            : _errands.Settle && _texts.CanBeSettled(_taken[0].Facts) ? TripShape.WriteGroup
            : TripShape.Alone;
        return new(shape, queue.Lane, _taken[0].Request.Context,
            shape == TripShape.ReadGroup ? ByText() : [.. _taken]) { Lesson = _texts.LessonFor(_taken) };
    }

    /// <summary>
    /// What was taken, those of one text together, so that one statement may carry them; reads of a trip have no order among themselves.
    /// </summary>
    private ImmutableArray<Errand> ByText()
    {
        var first = _taken[0].Facts;
        return _taken.TrueForAll(errand => ReferenceEquals(errand.Facts, first))
            ? [.. _taken]
            : [.. _taken.GroupBy(static errand => errand.Facts, ReferenceEqualityComparer.Instance).SelectMany(static same => same)];
    }

    /// <summary>
    /// How many reads a trip takes when those that wait and those under way are spread evenly over the width: else one connection ends up
    /// with nearly all and the other goes to and fro with one. Fewer wait for the next trip to end, where callers are known to come back.
    /// </summary>
    private int FairFill() => Math.Min(_packing.MaxFill, (_queues.Reads.Count + _underWay.Reads + Width - 1) / Width);

    private ErrandQueue? Ready()
    {
        ErrandQueue? best = null;
        Consider(ReadsMayStart, _queues.Reads, ref best);
        Consider(WritesMayStart, _queues.Writes, ref best);
        Consider(_queues.Alone.Count > 0, _queues.Alone, ref best);
        return best;
    }

    private static void Consider(bool may, ErrandQueue queue, ref ErrandQueue? best)
    {
        if (may && (best is null || queue.Oldest!.Arrived < best.Oldest!.Arrived))
        {
            best = queue;
        }
    }

    private TimeSpan? LaneFreeIn(ErrandQueue queue) => queue.Count > 0 ? _underWay.LaneFreeIn(queue.Lane) : null;

    private static TimeSpan? Sooner(TimeSpan? left, TimeSpan? right) => left < right || right is null ? left : right;
}
