using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client.Sessions;

/// <summary>One command that awaits its answer, and learns who gave it: that is the conversation.</summary>
internal sealed class AwaitedAnswer(ReplyHome home) : Reply<SessionAnswer>(home, static answer => (SessionAnswer)answer)
{
    /// <summary>Who answered, once there is an answer; null or nobody when that was no actor.</summary>
    internal IActorRef? From { get; private set; }

    protected override void TellInternal(object message, IActorRef sender)
    {
        // Ahead of the answer, since that wakes who reads this; of a second one it makes no difference.
        From ??= sender;
        base.TellInternal(message, sender);
    }
}
