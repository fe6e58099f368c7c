using Akka.Actor;
using Broker.Configuration;
using Broker.Errands;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;

namespace Broker.Gateway.Errands;

/// <summary>
/// The errands of a share that wait for a trip, and the carriers that have links for them: reads on as many as their width allows, writes
/// on one, so that many commits share one flush of the log. Owned by one actor.
/// </summary>
internal sealed class ErrandTrips
{
    private const int LeastWriteFill = 2;

    private readonly LinkPlan _plan;
    private readonly IActorRef _pool;
    private readonly StatementBook _book;
    private readonly ExchangeBuffers _buffers;
    private readonly IActorContext _context;
    private readonly ErrandLane _reads;
    private readonly ErrandLane _writes;
    private readonly ErrandLane[] _lanes;
    private readonly HashSet<IActorRef> _links = [];
    private readonly WidthWindow _width;
    private TripOverhead _overhead;
    private bool _used;
    private bool _pumps;

    /// <param name="plan">The pool's.</param>
    /// <param name="pool">Its actor.</param>
    /// <param name="book">The prepared texts of the share.</param>
    /// <param name="buffers">Those of the loop.</param>
    /// <param name="context">That of the share's actor, whose children the carriers are.</param>
    internal ErrandTrips(LinkPlan plan, IActorRef pool, StatementBook book, ExchangeBuffers buffers, IActorContext context)
    {
        (_plan, _pool, _book, _buffers, _context) = (plan, pool, book, buffers, context);
        (_reads, _writes) = (new(TripLane.Reads, Packing), new(TripLane.Writes, Packing));
        _lanes = [_reads, _writes];
        _width = new(Packing, MostOf(plan), plan.Time);
    }

    /// <summary>The pool's plan is another: its limit is.</summary>
    internal void Follow(LinkPlan plan) => _width.Most = MostOf(plan);

    private PackingSettings Packing => _plan.Database.Packing;

    /// <summary>How many errands wait.</summary>
    internal int Waiting => _reads.Waiting + _writes.Waiting;

    /// <summary>Since when the oldest waits.</summary>
    internal long Oldest => Math.Min(_reads.Oldest, _writes.Oldest);

    /// <summary>How many carriers there are.</summary>
    internal int Carriers => _reads.Carriers + _writes.Carriers;

    /// <summary>How many more carriers would be of use: some wait, nobody is free, and the width is not reached.</summary>
    internal int Wanted => (Wants(_reads) ? 1 : 0) + (Wants(_writes) ? 1 : 0);

    /// <summary>Since when the oldest waits for whom there is no carrier.</summary>
    internal long OldestWanting => Math.Min(Wants(_reads) ? _reads.Oldest : long.MaxValue, Wants(_writes) ? _writes.Oldest : long.MaxValue);

    /// <summary>Whether those whose turn it is have no carrier: what one of the others has, they need.</summary>
    internal bool OthersAreNext => Wanted > 0 && OldestWanting == Oldest;

    /// <summary>An errand comes.</summary>
    internal void Enter(WireErrand errand)
    {
        if (errand.Lane is TripLane.Writes)
        {
            // What a write costs only a group can tell: by itself it is mostly its own flush of the log. One that was too slow for a group
            // has another chance now and then.
            errand.Estimate.Value =
                errand.Estimate.Value with { Fill = Math.Max(LeastWriteFill, errand.Estimate.Value.Fill), AloneUntil = 0 };
        }
        LaneOf(errand).Enter(errand);
        _plan.Telemetry?.ErrandsWait(Waiting);
    }

    /// <summary>A client's errand is wanted no longer; it is given back when it has not begun.</summary>
    internal WireErrand? Leave(IActorRef client)
    {
        var left = _reads.Leave(client) ?? _writes.Leave(client);
        _plan.Telemetry?.ErrandsWait(Waiting);
        return left;
    }

    /// <summary>
    /// Whether the only write that waits is to run by itself, now that there is a link for it: company is for those for whom there is none.
    /// It is told so.
    /// </summary>
    internal bool RunsLoneWrite()
    {
        if (_writes.Waiting != 1 || _writes.Carriers > 0 || (Wants(_reads) && _reads.Oldest < _writes.Oldest))
        {
            return false;
        }
        var lone = _writes.First!;
        Leave(lone.Client);
        WireTrip.RunAgain(lone);
        return true;
    }

    /// <summary>Has a link carry errands of those who have waited longest for a carrier.</summary>
    internal void Carry(WireLink link)
    {
        var lane = Wants(_writes) && (_writes.Oldest < _reads.Oldest || !Wants(_reads)) ? _writes : _reads;
        var carrier = _context.ActorOf(WireCarrierActor.For(lane.Kind, _plan, link, _book, _buffers)
            .WithDispatcher(_context.Dispatcher.Id));
        (link.Phase, link.Borrower) = (LinkPhase.Errand, carrier);
        link.Channel.GiveTo(carrier);
        _links.Add(carrier);
        lane.Add(carrier);
    }

    /// <summary>
    /// Whether the share is to tell itself <see cref="CarrierMessages.Pump"/>: those whose errands are in its mailbox already are to travel
    /// together.
    /// </summary>
    internal bool StartsPump()
    {
        var starts = !_pumps && (_reads.CanTravel || _writes.CanTravel || Wanted > 0);
        _pumps |= starts;
        return starts;
    }

    /// <summary>Sends off as many trips as there are carriers and errands for.</summary>
    internal void Travel()
    {
        _pumps = false;
        foreach (var lane in _lanes)
        {
            while (lane.CanTravel)
            {
                lane.TakeIdle().Tell(new CarrierMessages.RunTrip(lane.Take()), ActorRefs.NoSender);
            }
        }
        _plan.Telemetry?.ErrandsWait(Waiting);
    }

    /// <summary>Has a carrier that has nothing to do give its link back.</summary>
    internal void GiveBack()
    {
        var lane = _writes.HasIdle && (_writes.Waiting == 0 || !_reads.HasIdle) ? _writes : _reads;
        if (lane.HasIdle)
        {
            GiveBack(lane, lane.TakeIdle());
        }
    }

    /// <summary>The links of all carriers that there are have to end, when their trips are over.</summary>
    internal void Retire()
    {
        foreach (var lane in _lanes)
        {
            lane.Retire();
            GiveIdleBack(lane);
        }
    }

    /// <summary>Carriers that had nothing to do since the last look give their links back.</summary>
    internal void KeepHouse()
    {
        if (!_used)
        {
            GiveIdleBack(_reads);
            GiveIdleBack(_writes);
        }
        _used = false;
    }

    /// <summary>Errands that have waited for so long are run alone, in the line of all.</summary>
    internal void RunAlone(TimeSpan limit)
    {
        while (Waiting > 0 && _plan.Time.GetElapsedTime(Oldest) >= limit)
        {
            var first = _writes.Oldest < _reads.Oldest ? _writes.First! : _reads.First!;
            Leave(first.Client);
            first.Client.Tell(new ErrandAnswered(first.Number, false, null, first.Arrived), ActorRefs.NoSender);
        }
    }

    /// <summary>Whoever had a link has given it back: if that is a carrier, it is not needed any more.</summary>
    internal void Returned(IActorRef? borrower)
    {
        if (borrower is null)
        {
            return;
        }
        _reads.Forget(borrower);
        _writes.Forget(borrower);
        if (_links.Remove(borrower))
        {
            borrower.Tell(CarrierMessages.Finish.Instance, ActorRefs.NoSender);
        }
    }

    /// <summary>A trip is over.</summary>
    internal void Over(CarrierMessages.TripOver over)
    {
        _used = true;
        _plan.Telemetry?.TripEnded(over.Members.Length);
        var lane = LaneOf(over.Members[0]);
        if (!lane.Rests(over.Carrier))
        {
            GiveBack(lane, over.Carrier);
        }
        if (lane == _writes)
        {
            LearnOfWrites(over);
        }
        else if (over.Completed == over.Members.Length)
        {
            LearnOfReads(over);
        }
    }

    /// <summary>What became of a group of writes is to be found out.</summary>
    internal void Settle(TripInDoubt doubt) =>
        _context.ActorOf(WireSettlementActor.For(_pool, doubt).WithDispatcher(_context.Dispatcher.Id));

    private ErrandLane LaneOf(WireErrand errand) => errand.Lane is TripLane.Writes ? _writes : _reads;

    private static int MostOf(LinkPlan plan) => plan.User.Pool.Limit ?? int.MaxValue;

    private bool Wants(ErrandLane lane) => lane.Waiting > 0 && !lane.HasIdle && lane.Carriers < (lane == _writes ? 1 : _width.InUse);

    private static void GiveIdleBack(ErrandLane lane)
    {
        while (lane.HasIdle)
        {
            GiveBack(lane, lane.TakeIdle());
        }
    }

    private static void GiveBack(ErrandLane lane, IActorRef carrier)
    {
        lane.Forget(carrier);
        carrier.Tell(CarrierMessages.GiveBack.Instance, ActorRefs.NoSender);
    }

    private void LearnOfReads(CarrierMessages.TripOver over)
    {
        Span<long> arrived = stackalloc long[over.Members.Length];
        _overhead = _overhead.After(over.Members.Length, over.Elapsed, Packing.TripLimit / 4);
        SharedEstimate? last = null;
        for (var i = 0; i < over.Members.Length; i++)
        {
            var member = over.Members[i];
            arrived[i] = member.Arrived;
            if (member.Estimate != last)
            {
                last = member.Estimate;
                last.Value = Probing.After(last.Value, over.Members.Length, over.Elapsed, _overhead, Packing, _plan.Time);
            }
        }
        _width.Completed(arrived, over.Completed, othersWait: _reads.Waiting > 0, othersTravel: _reads.Travels);
    }

    private void LearnOfWrites(CarrierMessages.TripOver over)
    {
        if (over.Guilty is { Estimate: var guilty })
        {
            guilty.Value = over.Elapsed >= Packing.TripLimit
                ? Probing.Alone(guilty.Value, Packing, _plan.Time)
                : guilty.Value.AfterFailure(over.Members.Length);
        }
        if (over.Work is not { } work || over.Completed < over.Members.Length)
        {
            return;
        }
        SharedEstimate? last = null;
        foreach (var member in over.Members)
        {
            if (member.Estimate != last)
            {
                last = member.Estimate;
                var after = last.Value.After(over.Members.Length, work, Packing.Target, Packing.MaxFill);
                last.Value = after.Shares || after.AloneUntil == long.MaxValue ? after : Probing.Alone(after, Packing, _plan.Time);
            }
        }
    }
}
