using Akka.Actor;
using Akka.Event;

namespace Broker.Doors;

/// <summary>What the door's actor system logs is logged by the broker's, which has the application's loggers.</summary>
internal sealed class LogRelay : MinimalActorRef
{
    private readonly EventStream _to;

    private LogRelay(ActorSystem from, EventStream to)
    {
        _to = to;
        Provider = ((ExtendedActorSystem)from).Provider;
        Path = Provider.TempPath();
    }

    public override ActorPath Path { get; }

    public override IActorRefProvider Provider { get; }

    /// <summary>From now on.</summary>
    internal static void Between(ActorSystem from, EventStream to)
    {
        var relay = new LogRelay(from, to);
        foreach (var level in (Type[])[typeof(Error), typeof(Warning), typeof(Info)])
        {
            from.EventStream.Subscribe(relay, level);
        }
    }

    protected override void TellInternal(object message, IActorRef sender) => _to.Publish(message);
}
