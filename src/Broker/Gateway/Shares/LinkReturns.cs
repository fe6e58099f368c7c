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

    /// <summary>
    /// Gives one back that nothing was sent on, because it is not wanted any more, or because its server has said something that may be its
    /// end.
    /// </summary>
    /// <param name="link">Which.</param>
    /// <param name="share">The share that lent it.</param>
    /// <param name="want">Asks for another; null for none.</param>
    internal static void PassOver(this WireLink link, IActorRef share, ShareCommands.WantLink? want)
    {
        link.ReturnTo(share, LinkCondition.Unheard);
        if (want is not null)
        {
            share.Tell(want, ActorRefs.NoSender);
        }
    }
}
