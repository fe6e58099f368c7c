using Akka.Actor;
using Akka.Remote.Transport;

namespace Broker.Client.Remote.Transport;

/// <summary>What a transport does at one of the two ends; disposing closes all that is open.</summary>
internal interface ITransportEnd : IDisposable
{
    /// <summary>Begins; the source is given a listener that is told of each inbound association.</summary>
    Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen();

    /// <summary>Connects to an address.</summary>
    Task<AssociationHandle> Associate(Address remote);
}
