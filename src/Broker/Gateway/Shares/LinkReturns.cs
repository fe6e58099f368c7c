using Akka.Actor;
using Broker.Gateway.Links;

namespace Broker.Gateway.Shares;

/// <summary>How whoever has a link gives it back: the port first, so that its own actor hears what comes from then on.</summary>
internal static class LinkReturns
{
    /// <summary>Gives it back to the share that lent it.</summary>
    internal static void ReturnTo(this WireLink link, IActorRef share, LinkCondition condition)
    {
        link.Channel.GiveTo(link.Actor);
        share.Tell(new ShareCommands.LinkReturned(link, condition), ActorRefs.NoSender);
    }
}
