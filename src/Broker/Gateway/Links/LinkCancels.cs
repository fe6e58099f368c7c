using System.Net;
using System.Net.Security;
using Akka.Actor;
using Akka.Event;

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

    /// <summary>Sends one; nothing where the server gave no key.</summary>
    internal void Send()
    {
        if (_link.Key is not { } key)
        {
            return;
        }
        _link.Use.CancelSent();
        var (address, tls, limit, time) = (_address, _tls, _plan.Gateway.Timeouts.CancelWait, _plan.Time);
        _ = Task.Run(() => CancelSending.SendAsync(address, tls, key, limit, time))
            .PipeTo(_link.Actor, ActorRefs.NoSender, static isOver => new CancelEnded(isOver), static _ => new CancelEnded(IsOver: false));
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
