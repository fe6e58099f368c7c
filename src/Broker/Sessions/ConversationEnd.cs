using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions;

/// <summary>
/// How the actor of a conversation that is over goes. An actor that stops at once loses what waits in its mailbox, questions for an outcome
/// among it. So it tells its parent first, which routes nothing more to it and sends it the last message it gets; until that it answers.
/// </summary>
internal static class ConversationEnd
{
    /// <summary>From the conversation to its parent: it is over.</summary>
    internal sealed record Over(SessionId Session);

    /// <summary>The actor has stopped, and its name is free.</summary>
    internal sealed record Stopped(SessionId Session) : INoSerializationVerificationNeeded;

    /// <summary>What whoever comes too late is told.</summary>
    internal static ConversationGone Gone(SessionId session) => new(session, "it has ended");

    /// <summary>Tells the parent, and returns how the conversation goes on until its last message.</summary>
    internal static UntypedReceive Begin(IActorContext context, SessionId session)
    {
        context.Parent.Tell(new Over(session), context.Self);
        return message => Answer(message, context, session);
    }

    private static void Answer(object message, IActorContext context, SessionId session)
    {
        switch (message)
        {
            case GetCommitOutcome ask: context.Parent.Tell(new SessionRegistry.OutcomeNotKept(ask), context.Sender); break;
            case OpenSession or JoinSession or RunInSession or LeaveSession:
                context.Sender.Tell(new Refused(Gone(session)), context.Self);
                break;
            default: break; // what it had asked for or watched, and nobody waits for any more
        }
    }
}
