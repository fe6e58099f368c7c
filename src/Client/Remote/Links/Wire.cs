using System.Net;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Remote.Links;

/// <summary>
/// One connection to the broker, with an actor system of its own that has nothing else: whatever happens to it, it is closed and another is
/// made, so that neither a quarantine nor a gate of Akka.Remote can keep the client from the broker. What comes over it is told to the
/// link.
/// </summary>
internal sealed class Wire
{
    private readonly ActorSystem _system;
    private readonly Inbound _inbound;
    private int _closed;

    private Wire(ActorSystem system, string broker, IActorRef link)
    {
        _system = system;
        var provider = ((ExtendedActorSystem)system).Provider;
        _inbound = new(this, link, provider, provider.TempPath());
        provider.RegisterTempActor(_inbound, _inbound.Path);
        Door = RemoteSystems.Resolve(system, BrokerWire.DoorPath, broker);
    }

    /// <summary>The broker's door.</summary>
    internal IActorRef Door { get; }

    /// <summary>Makes one. It connects with the first message; its end is told to the link, with the reason.</summary>
    internal static Wire Make(RemoteAddress address, RemoteOptions options, IActorRef link)
    {
        var end = new ConnectingEnd([new DnsEndPoint(address.Host, address.Port)], options.Tls, BrokerWire.Format);
        var wire = new Wire(RemoteSystems.Connect($"c{Guid.NewGuid():N}", end, RemoteLink.Silent), address.Broker, link);
        _ = TellEndAsync(end, wire, link);
        return wire;
    }

    private static async Task TellEndAsync(ConnectingEnd end, Wire wire, IActorRef link)
    {
        var cause = await end.Ended.ConfigureAwait(false);
        link.Tell(new LinkMessages.WireBroken(wire, cause), ActorRefs.NoSender);
    }

    /// <summary>Tells one of the broker's actors something, so that its answer comes to the link.</summary>
    internal void Tell(IActorRef to, IBrokerRequest message) => to.Tell(message, _inbound);

    /// <summary>Ends it. Not waited for; any number of times.</summary>
    internal void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _ = TerminateAsync(_system);
        }
    }

    private static async Task TerminateAsync(ActorSystem system)
    {
        await system.Terminate().ConfigureAwait(false);
        ThreadCaches.Release(system);
    }

    /// <summary>The same, waited for.</summary>
    internal Task CloseAsync()
    {
        Close();
        return _system.WhenTerminated;
    }

    private sealed class Inbound(Wire wire, IActorRef link, IActorRefProvider provider, ActorPath path) : MinimalActorRef
    {
        public override ActorPath Path => path;

        public override IActorRefProvider Provider => provider;

        protected override void TellInternal(object message, IActorRef sender) =>
            link.Tell(new LinkMessages.FromWire(wire, message, sender), ActorRefs.NoSender);
    }
}
