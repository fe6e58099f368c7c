using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Doors;

/// <summary>
/// Stands in the broker for one caller of a remote client: what it is told goes to the client's actor. What is told when the client is gone
/// is given back here.
/// </summary>
internal sealed class CallerRef : ClientRef
{
    private readonly IActorRef _client;
    private int _over;

    internal CallerRef(ReplyHome home, IActorRef client, long number) : base(home) => (_client, Number) = (client, number);

    /// <summary>Its number, as the client counts.</summary>
    internal long Number { get; }

    /// <summary>What it asked for; decides what is given up when the client is gone. Set by the client's actor.</summary>
    internal (IActorRef To, object Request) Asked { get; set; }

    /// <summary>Nobody hears it any more.</summary>
    internal void End() => Volatile.Write(ref _over, 1);

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (Volatile.Read(ref _over) == 0)
        {
            _client.Tell(new Told(this, message, sender), ActorRefs.NoSender);
            return;
        }
        GiveBack(message);
    }

    /// <summary>What came too late is nobody's: what is open by it is closed.</summary>
    internal void GiveBack(object message)
    {
        switch (message)
        {
            case StreamOpened opened: opened.Stream.Tell(new CloseStream(opened.Id), this); break;
            case SandboxOpened opened: opened.Supervisor.Tell(new CloseSandbox(), this); break;
            case SessionOpened opened when RemoteHoldings.HandleOf(Asked.Request) is var (session, handle):
                opened.Actor.Tell(new LeaveSession(session, handle), ActorRefs.NoSender);
                break;
        }
    }

    /// <summary>Something was told to a caller.</summary>
    internal sealed record Told(CallerRef Caller, object Message, IActorRef From) : INoSerializationVerificationNeeded;
}
