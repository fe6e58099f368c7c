using Akka.Actor;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Links;

namespace Broker.Doors;

/// <summary>
/// The broker's actors that a client was given: all that it can reach. It knows them by numbers that mean nothing to another. Mutable, and
/// owned by the client's actor.
/// </summary>
internal sealed class HandedOut : IReferenceTable
{
    private readonly Dictionary<IActorRef, long> _numbers = [];
    private readonly Dictionary<long, IActorRef> _references = [];
    private readonly Action<IActorRef> _given;
    private long _last = RemoteReferences.BrokerNumber;

    /// <param name="broker">The broker's supervisor, which every client has.</param>
    /// <param name="given">Hears of each that is given for the first time.</param>
    internal HandedOut(IActorRef broker, Action<IActorRef> given)
    {
        _given = given;
        _numbers.Add(broker, RemoteReferences.BrokerNumber);
        _references.Add(RemoteReferences.BrokerNumber, broker);
    }

    /// <inheritdoc/>
    public long NumberOf(IActorRef reference)
    {
        if (reference.IsNobody())
        {
            return 0;
        }
        if (!_numbers.TryGetValue(reference, out var number))
        {
            _numbers.Add(reference, number = ++_last);
            _references.Add(number, reference);
            _given(reference);
        }
        return number;
    }

    /// <inheritdoc/>
    public IActorRef Find(long number) => _references.GetValueOrDefault(number, ActorRefs.Nobody);

    /// <summary>One is gone. Its number; 0 when it was not given.</summary>
    internal long Forget(IActorRef gone)
    {
        if (_numbers.Remove(gone, out var number))
        {
            _references.Remove(number);
        }
        return number;
    }
}
