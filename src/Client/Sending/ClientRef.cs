using Akka.Actor;

namespace Broker.Client.Sending;

/// <summary>
/// An actor reference that is no actor: a caller that waits. It is the Sender of a request, and whatever is told to it is handled at
/// once on the teller's thread, so a subclass only stores what it is told and wakes its caller elsewhere.
/// Two are the same only when they are one object, since many share a path. They cannot be watched: a watch is ignored.
/// </summary>
internal abstract class ClientRef : MinimalActorRef, IEquatable<IActorRef>
{
    private readonly ReplyHome _home;

    internal ClientRef(ReplyHome home) => _home = home;

    public override ActorPath Path => _home.Path;

    public override IActorRefProvider Provider => _home.Provider;

    /// <summary>Whether the caller has asked for the cancellation of what it waits for.</summary>
    internal virtual bool IsCancelled => false;

    bool IEquatable<IActorRef>.Equals(IActorRef? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Where the callers that wait are said to live: one path for all that wait for one answer.</summary>
internal sealed record ReplyHome(IActorRefProvider Provider, ActorPath Path)
{
    /// <summary>The shared path, under the system's container of temporary references. Nothing is registered there.</summary>
    internal static ReplyHome Of(ActorSystem system)
    {
        IActorRefProvider provider = ((ExtendedActorSystem)system).Provider;
        return new(provider, provider.TempPath());
    }

    /// <summary>A home of its own, for a reference that is told many messages and may be a key in somebody's table.</summary>
    internal ReplyHome Own() => this with { Path = Provider.TempPath() };
}
