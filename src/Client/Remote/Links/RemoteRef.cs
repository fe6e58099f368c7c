using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Broker.Client.Protocol;
using Broker.Client.Remote.Transport;
using Broker.Client.Sending;

namespace Broker.Client.Remote.Links;

/// <summary>
/// Stands here for an actor of the broker: what it is told goes over the link, and whoever asked is answered as if the actor were here. Two
/// are the same only when they are one object.
/// </summary>
internal sealed class RemoteRef : MinimalActorRef, IEquatable<IActorRef>
{
    private readonly IActorRef _link;
    private readonly LinkLoad _load;
    private readonly ReplyHome _home;

    internal RemoteRef(IActorRef link, LinkLoad load, ReplyHome home, long number) =>
        (_link, _load, _home, Number) = (link, load, home.Own(), number);

    /// <summary>What the broker calls it; 0 when it is gone. Only the link's actor looks at it.</summary>
    internal long Number { get; set; }

    /// <summary>
    /// The pool that it stands for, also when that is gone; without names when it is none. Only the link's actor looks at it.
    /// </summary>
    internal PoolId Pool { get; set; } = new("", "");

    public override ActorPath Path => _home.Path;

    public override IActorRefProvider Provider => _home.Provider;

    /// <summary>A watch hears of the actor's death, and of the link's end.</summary>
    public override void SendSystemMessage(ISystemMessage message)
    {
        switch (message)
        {
            case Watch watch: _link.Tell(new LinkMessages.WatchFor(this, watch.Watcher)); break;
            case Unwatch unwatch: _link.Tell(new LinkMessages.UnwatchFor(this, unwatch.Watcher)); break;
        }
    }

    // A caller who is the only one sends by himself: another thread would have to be woken for it, and there is nobody whose request it
    // could take along.
    protected override void TellInternal(object message, IActorRef sender)
    {
        var send = new LinkMessages.Send(this, message);
        if (_load.IsQuiet)
        {
            RemoteTurn.Borrow(static told => told.Link.Tell(told.Send, told.Sender), (Link: _link, Send: send, Sender: sender));
        }
        else
        {
            _link.Tell(send, sender);
        }
    }

    bool IEquatable<IActorRef>.Equals(IActorRef? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
}
