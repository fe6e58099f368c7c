using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote.Links;

namespace Broker.Client.Sending;

/// <summary>
/// Answers for the dead: a request that reached nobody is a dead letter, and its caller would wait for ever. Subscribed to the event
/// stream and no actor itself, it works until the last message of a system that terminates.
/// </summary>
internal sealed class UndeliveredRequests : ClientRef
{
    private readonly PoolDirectory _pools;

    private UndeliveredRequests(ReplyHome home, PoolDirectory pools) : base(home) => _pools = pools;

    internal static void AnswerFor(ActorSystem system, ReplyHome home, PoolDirectory pools) =>
        system.EventStream.Subscribe(new UndeliveredRequests(home.Own(), pools), typeof(AllDeadLetters));

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is not AllDeadLetters { Message: IBrokerRequest or LinkMessages.Send
            or LinkMessages.Open, Sender: ClientRef caller } letter)
            return;
        _pools.Forget(letter.Recipient);
        caller.Tell(new Refused(new BrokerStopping($"the actor {letter.Recipient.Path.ToStringWithoutAddress()}")), ActorRefs.NoSender);
    }
}
