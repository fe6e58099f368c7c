using Akka.Actor;
using Broker.Diagnostics;

namespace Broker.Gateway.Shares;

/// <summary>
/// Who waits for a link, in the order in which their waiting began. Leaving it costs as little as entering. Owned by one actor.
/// </summary>
internal sealed class LinkLine
{
    private readonly LinkedList<Place> _places = new();
    private readonly ShareTelemetry? _telemetry;
    private readonly Dictionary<IActorRef, LinkedListNode<Place>> _byClient = [];

    /// <param name="telemetry">Hears how many wait; null when nobody wants to know.</param>
    internal LinkLine(ShareTelemetry? telemetry = null) => _telemetry = telemetry;

    /// <summary>A place in line.</summary>
    /// <param name="Client">Who.</param>
    /// <param name="Since">Since when, as a timestamp.</param>
    internal readonly record struct Place(IActorRef Client, long Since);

    /// <summary>How many wait.</summary>
    internal int Count => _places.Count;

    /// <summary>Who came first; null when nobody waits.</summary>
    internal Place? First => _places.First?.Value;

    /// <summary>
    /// Puts a client in its place, which is the end unless it has waited before, elsewhere; one that waits already stays where it is.
    /// </summary>
    internal void Enter(IActorRef client, long since)
    {
        if (!_byClient.ContainsKey(client))
        {
            var ahead = _places.Last;
            while (ahead is not null && ahead.Value.Since > since)
            {
                ahead = ahead.Previous;
            }
            var place = new Place(client, since);
            _byClient.Add(client, ahead is null ? _places.AddFirst(place) : _places.AddAfter(ahead, place));
            _telemetry?.ClientsWait(Count);
        }
    }

    /// <summary>Takes a client out; false when it does not wait.</summary>
    internal bool Leave(IActorRef client)
    {
        if (!_byClient.Remove(client, out var place))
        {
            return false;
        }
        _places.Remove(place);
        _telemetry?.ClientsWait(Count);
        return true;
    }

    /// <summary>Takes the first one out.</summary>
    internal Place TakeFirst()
    {
        var first = _places.First!.Value;
        Leave(first.Client);
        return first;
    }
}
