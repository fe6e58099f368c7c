using System.Net;
using System.Net.Security;
using Akka.Actor;
using Akka.Event;
using Broker.Gateway.Clients;

namespace Broker.Gateway.Links;

/// <summary>
/// The requests to cancel what a link does: each counts on it from the moment it is sent until the server has closed its connection.
/// </summary>
internal sealed class LinkCancels
{
    private readonly LinkPlan _plan;
    private readonly WireLink _link;
    private readonly EndPoint _address;
    private readonly SslClientAuthenticationOptions? _tls;

    internal LinkCancels(LinkPlan plan, WireLink link, EndPoint address, SslClientAuthenticationOptions? tls) =>
        (_plan, _link, _address, _tls) = (plan, link, address, tls);

    /// <summary>Told to the link's actor, who passes it on to <see cref="Ended"/>: no more is heard of a request.</summary>
    /// <param name="IsOver">False when it may take effect at any time.</param>
    internal sealed record CancelEnded(bool IsOver) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    /// <summary>Whether there is one that may take effect at any time: the link is for nobody else any more.</summary>
    internal bool IsOneLost { get; private set; }

    /// <summary>
    /// Sends the one that is asked for, if whoever is meant has the link: one that comes late would hit what another does.
    /// </summary>
    internal void Take(LinkCommands.Cancel cancel)
    {
        if (_link.Phase is LinkPhase.Lent or LinkPhase.Errand
            && (cancel.Borrower is not { } borrower || borrower.Equals(_link.Borrower)))
        {
            Send(cancel.Asker);
            return;
        }
        PassOver(cancel);
    }

    /// <summary>There is nothing that the one that is asked for could cancel.</summary>
    internal static void PassOver(LinkCommands.Cancel cancel) => cancel.Asker?.Tell(CancelOver.Instance, ActorRefs.NoSender);

    /// <summary>Sends one; nothing where the server gave no key.</summary>
    /// <param name="asker">Whom to tell when it is over, whatever has become of it; null for nobody.</param>
    internal void Send(IActorRef? asker = null)
    {
        if (_link.Key is not { } key)
        {
            asker?.Tell(CancelOver.Instance, ActorRefs.NoSender);
            return;
        }
        _link.Use.CancelSent();
        var (address, tls, limit, time) = (_address, _tls, _plan.Gateway.Timeouts.CancelWait, _plan.Time);
        var sending = Task.Run(() => CancelSending.SendAsync(address, tls, key, limit, time));
        _ = sending.PipeTo(
            _link.Actor, ActorRefs.NoSender, static isOver => new CancelEnded(isOver), static _ => new CancelEnded(IsOver: false));
        if (asker is not null)
        {
            _ = sending.PipeTo(asker, ActorRefs.NoSender, static _ => CancelOver.Instance, static _ => CancelOver.Instance);
        }
    }

    /// <summary>One has ended.</summary>
    internal void Ended(CancelEnded ended)
    {
        if (ended.IsOver)
        {
            _link.Use.CancelClosed();
        }
        else
        {
            IsOneLost = true;
        }
    }
}
