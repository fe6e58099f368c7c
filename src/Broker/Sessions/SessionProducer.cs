using Akka.Actor;

namespace Broker.Sessions;

/// <summary>
/// Makes a <see cref="SessionActor"/> without an expression to be taken apart: conversations come and go by the thousand.
/// </summary>
internal sealed class SessionProducer(SessionPlan plan, SessionState state, long requests) : IIndirectActorProducer
{
    public Type ActorType => typeof(SessionActor);

    public ActorBase Produce() => new SessionActor(plan, state, requests);

    public void Release(ActorBase actor)
    {
    }
}
