using System.Collections.Immutable;
using Akka.Actor;
using Broker.Configuration;
using Broker.Errands;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;

namespace Broker.Gateway.Errands;

/// <summary>
/// The errands of a share that wait for a trip, and the carriers that have links for them. A trip takes as many as their texts' estimates allow. Owned by one actor.
/// </summary>
internal sealed class ErrandTrips
{
    private const int FirstWidth = 2;

    private readonly LinkPlan _plan;
    private readonly StatementBook _book;
    private readonly ExchangeBuffers _buffers;
    private readonly IActorContext _context;
    private readonly LinkedList<(WireErrand Errand, long Since)> _waiting = new();
    private readonly Dictionary<IActorRef, LinkedListNode<(WireErrand Errand, long Since)>> _byClient = [];
    private readonly List<IActorRef> _idle = [];
    private readonly HashSet<IActorRef> _carriers = [];
    private readonly HashSet<IActorRef> _links = [];
    private readonly HashSet<IActorRef> _retired = [];
    private TripOverhead _overhead;
    private bool _used;
    private bool _pumps;

    /// <param name="plan">The pool's.</param>
    /// <param name="book">The prepared texts of the share.</param>
    /// <param name="buffers">Those of the loop.</param>
    /// <param name="context">That of the share's actor, whose children the carriers are.</param>
    internal ErrandTrips(LinkPlan plan, StatementBook book, ExchangeBuffers buffers, IActorContext context) =>
        (_plan, _book, _buffers, _context) = (plan, book, buffers, context);

    private PackingSettings Packing => _plan.Database.Packing;

    /// <summary>How many errands wait.</summary>
    internal int Waiting => _waiting.Count;

    /// <summary>Since when the oldest waits.</summary>
    internal long Oldest => _waiting.First?.Value.Since ?? long.MaxValue;

    /// <summary>How many carriers there are.</summary>
    internal int Carriers => _carriers.Count;

    /// <summary>Whether one more carrier would be of use: some wait, nobody is free, and the width is not reached.</summary>
    internal bool WantsCarrier => _waiting.Count > 0 && _idle.Count == 0 && _carriers.Count < Width;

    /// <summary>How many carriers may travel at a time.</summary>
    internal int Width => Packing.Width ?? FirstWidth;

    /// <summary>An errand comes.</summary>
    internal void Enter(WireErrand errand)
    {
        _byClient[errand.Client] = _waiting.AddLast((errand, _plan.Time.GetTimestamp()));
        _plan.Telemetry?.ErrandsWait(Waiting);
    }

    /// <summary>A client's errand is wanted no longer; false when it is under way.</summary>
    internal bool Leave(IActorRef client)
    {
        if (!_byClient.Remove(client, out var place))
        {
            return false;
        }
        _waiting.Remove(place);
        _plan.Telemetry?.ErrandsWait(Waiting);
        return true;
    }

    /// <summary>Has a link carry errands.</summary>
    internal void Carry(WireLink link)
    {
        var carrier = _context.ActorOf(WireCarrierActor.For(_plan, link, _book, _buffers).WithDispatcher(_context.Dispatcher.Id));
        (link.Phase, link.Borrower) = (LinkPhase.Errand, carrier);
        link.Channel.GiveTo(carrier);
        _carriers.Add(carrier);
        _links.Add(carrier);
        _idle.Add(carrier);
    }

    /// <summary>Whether the share is to tell itself <see cref="CarrierMessages.Pump"/>: those whose errands are in its mailbox already are to travel together.</summary>
    internal bool StartsPump()
    {
        var starts = !_pumps && _idle.Count > 0 && _waiting.Count > 0;
        _pumps |= starts;
        return starts;
    }

    /// <summary>Sends off as many trips as there are carriers and errands for.</summary>
    internal void Travel()
    {
        _pumps = false;
        while (_idle.Count > 0 && _waiting.Count > 0)
        {
            var carrier = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            carrier.Tell(new CarrierMessages.RunTrip(Take()), ActorRefs.NoSender);
        }
    }

    /// <summary>Has a carrier that has nothing to do give its link back.</summary>
    internal void GiveBack()
    {
        if (_idle.Count > 0)
        {
            var carrier = _idle[^1];
            Gone(carrier);
            carrier.Tell(CarrierMessages.GiveBack.Instance, ActorRefs.NoSender);
        }
    }

    /// <summary>The links of all carriers that there are have to end, when their trips are over.</summary>
    internal void Retire()
    {
        _retired.UnionWith(_carriers);
        while (_idle.Count > 0)
        {
            GiveBack();
        }
    }

    /// <summary>Carriers that had nothing to do since the last look give their links back.</summary>
    internal void KeepHouse()
    {
        while (!_used && _idle.Count > 0)
        {
            GiveBack();
        }
        _used = false;
    }

    /// <summary>Errands that have waited for so long are run alone, in the line of all.</summary>
    internal void RunAlone(TimeSpan limit)
    {
        while (_waiting.First is { Value: var (errand, since) } && _plan.Time.GetElapsedTime(since) >= limit)
        {
            Leave(errand.Client);
            errand.Client.Tell(new ErrandAnswered(errand.Number, false, null), ActorRefs.NoSender);
        }
    }

    /// <summary>Whoever had a link has given it back: if that is a carrier, it is not needed any more.</summary>
    internal void Returned(IActorRef borrower)
    {
        Gone(borrower);
        if (_links.Remove(borrower))
        {
            borrower.Tell(CarrierMessages.Finish.Instance, ActorRefs.NoSender);
        }
    }

    private void Gone(IActorRef carrier)
    {
        _carriers.Remove(carrier);
        _retired.Remove(carrier);
        _idle.Remove(carrier);
    }

    /// <summary>A trip is over.</summary>
    internal void Over(CarrierMessages.TripOver over)
    {
        _used = true;
        _plan.Telemetry?.TripEnded(over.Members.Length);
        if (_retired.Contains(over.Carrier))
        {
            Gone(over.Carrier);
            over.Carrier.Tell(CarrierMessages.GiveBack.Instance, ActorRefs.NoSender);
        }
        else if (_carriers.Contains(over.Carrier))
        {
            _idle.Add(over.Carrier);
        }
        if (over.Completed < over.Members.Length)
        {
            return;
        }
        _overhead = _overhead.After(over.Members.Length, over.Elapsed, Packing.TripLimit / 4);
        SharedEstimate? last = null;
        foreach (var member in over.Members)
        {
            if (member.Estimate != last)
            {
                last = member.Estimate;
                last.Value = Probing.After(last.Value, over.Members.Length, over.Elapsed, _overhead, Packing, _plan.Time);
            }
        }
    }

    private ImmutableArray<WireErrand> Take()
    {
        var members = ImmutableArray.CreateBuilder<WireErrand>();
        var (most, work) = (Packing.MaxFill, 0.0);
        while (_waiting.First is { Value.Errand: var errand })
        {
            var estimate = errand.Estimate.Value;
            (most, work) = (Math.Min(most, estimate.Fill), work + estimate.MicrosecondsEach);
            if (members.Count > 0 && (members.Count >= most || work > Packing.Target.TotalMicroseconds))
            {
                break;
            }
            _waiting.RemoveFirst();
            _byClient.Remove(errand.Client);
            members.Add(errand);
        }
        _plan.Telemetry?.ErrandsWait(Waiting);
        return members.DrainToImmutable();
    }
}
