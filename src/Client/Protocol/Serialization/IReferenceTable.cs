using Akka.Actor;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// What actor references are on the wire: numbers, whose meaning the two ends of one connection agree on. So nothing that a peer sends
/// can name an actor that it was not given.
/// </summary>
internal interface IReferenceTable
{
    /// <summary>The number for a reference that is being sent; 0 for nobody.</summary>
    long NumberOf(IActorRef reference);

    /// <summary>The reference that a received number stands for; never 0. Nobody when it stands for none, or no longer.</summary>
    IActorRef Find(long number);
}
