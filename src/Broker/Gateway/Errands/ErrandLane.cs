using System.Collections.Immutable;
using Akka.Actor;
using Broker.Configuration;
using Broker.Errands;

namespace Broker.Gateway.Errands;

/// <summary>
/// The errands of one kind that wait for a trip, in the order in which they came, and the carriers that have links for them. Owned by the
/// share's actor.
/// </summary>
internal sealed class ErrandLane
{
    private readonly PackingSettings _packing;
    private readonly LinkedList<WireErrand> _waiting = new();
    private readonly Dictionary<IActorRef, LinkedListNode<WireErrand>> _byClient = [];
    private readonly List<IActorRef> _idle = [];
    private readonly HashSet<IActorRef> _carriers = [];
    private readonly HashSet<IActorRef> _retired = [];

    internal ErrandLane(TripLane kind, PackingSettings packing) => (Kind, _packing) = (kind, packing);

    /// <summary>Which.</summary>
    internal TripLane Kind { get; }

    /// <summary>How many errands wait.</summary>
    internal int Waiting => _waiting.Count;

    /// <summary>Since when the oldest waits.</summary>
    internal long Oldest => _waiting.First?.Value.Arrived ?? long.MaxValue;

    /// <summary>The oldest; null when none waits.</summary>
    internal WireErrand? First => _waiting.First?.Value;

    /// <summary>How many carriers there are.</summary>
    internal int Carriers => _carriers.Count;

    /// <summary>Whether a carrier has nothing to do.</summary>
    internal bool HasIdle => _idle.Count > 0;

    /// <summary>Whether a trip is under way.</summary>
    internal bool Travels => _carriers.Count > _idle.Count;

    /// <summary>Whether a trip can begin now.</summary>
    internal bool CanTravel => HasIdle && Waiting > 0;

    /// <summary>An errand comes.</summary>
    internal void Enter(WireErrand errand) => _byClient[errand.Client] = _waiting.AddLast(errand);

    /// <summary>A client's errand is wanted no longer; null when it is not here.</summary>
    internal WireErrand? Leave(IActorRef client)
    {
        if (!_byClient.Remove(client, out var place))
        {
            return null;
        }
        _waiting.Remove(place);
        return place.Value;
    }

    /// <summary>A carrier has a link.</summary>
    internal void Add(IActorRef carrier)
    {
        _carriers.Add(carrier);
        _idle.Add(carrier);
    }

    /// <summary>A carrier has nothing to do any more; false when it is to give its link back.</summary>
    internal bool Rests(IActorRef carrier)
    {
        if (_retired.Contains(carrier))
        {
            Forget(carrier);
            return false;
        }
        if (_carriers.Contains(carrier))
        {
            _idle.Add(carrier);
        }
        return true;
    }

    /// <summary>Takes a carrier that has nothing to do.</summary>
    internal IActorRef TakeIdle()
    {
        var carrier = _idle[^1];
        _idle.RemoveAt(_idle.Count - 1);
        return carrier;
    }

    /// <summary>All carriers give their links back when they have nothing to do.</summary>
    internal void Retire() => _retired.UnionWith(_carriers);

    /// <summary>A carrier has no link any more, or is about to give it back.</summary>
    internal void Forget(IActorRef carrier)
    {
        _carriers.Remove(carrier);
        _retired.Remove(carrier);
        _idle.Remove(carrier);
    }

    /// <summary>Takes those that travel together: as many as their texts' estimates allow, and one at least.</summary>
    internal ImmutableArray<WireErrand> Take()
    {
        var members = ImmutableArray.CreateBuilder<WireErrand>();
        var (most, work) = (_packing.MaxFill, 0.0);
        while (_waiting.First is { Value: var errand })
        {
            var estimate = errand.Estimate.Value;
            (most, work) = (Math.Min(most, estimate.Fill), work + estimate.MicrosecondsEach);
            if (members.Count > 0 && (members.Count >= most || work > _packing.Target.TotalMicroseconds))
            {
                break;
            }
            _waiting.RemoveFirst();
            _byClient.Remove(errand.Client);
            members.Add(errand);
        }
        return members.DrainToImmutable();
    }
}
