using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Errands;
using Broker.Sessions.Decisions;

namespace Broker.Sessions;

/// <summary>
/// A conversation that has done nothing yet but commits that bring all of their work along: a value without an actor, since for these
/// nothing has to be borrowed, watched or waited for with a timer. The registry takes the same decisions of it as its actor would
/// (<see cref="SessionState"/>); what only an actor can do is not done at all, and an actor begins from the state before. Mutable, and
/// owned by the registry.
/// </summary>
internal sealed class BriefConversation
{
    private readonly IActorRef _registry;
    private readonly Action<SessionRegistry.OutcomeKept> _keep;

    /// <param name="plan">Its pool's settings.</param>
    /// <param name="open">Who opened it.</param>
    /// <param name="registry">Who is talked to in its place, and hears what the pool answers.</param>
    /// <param name="keep">Keeps what became of a commit beyond its end.</param>
    internal BriefConversation(SessionPlan plan, OpenSession open, IActorRef registry, Action<SessionRegistry.OutcomeKept> keep)
    {
        (Plan, _registry, _keep) = (plan, registry, keep);
        State = new SessionState(open.Session, plan.Pool, open.Handle, open.Terms,
            plan.Limits) { Members = [new(open.Handle) { Login = open.Login }], Login = open.Login };
        plan.Telemetry.Opened();
    }

    /// <summary>Its pool's settings.</summary>
    internal SessionPlan Plan { get; }

    /// <summary>What it is.</summary>
    internal SessionState State { get; private set; }

    /// <summary>How often it has asked its pool for something.</summary>
    internal long Requests { get; private set; }

    private ErrandId Request => new(State.Owner.Number, Requests);

    /// <summary>
    /// Does what follows from an event. False when that takes an actor: then nothing was done, and the event is to be told to that.
    /// </summary>
    internal bool TryDo(ISessionEvent happened, TimeSpan now)
    {
        if (Decide(happened, now) is not { } decision)
        {
            return false;
        }
        State = decision.State;
        foreach (var effect in decision.Effects)
        {
            Do(effect);
        }
        return true;
    }

    /// <summary>Its registry stops in the middle: everybody who waits is told.</summary>
    /// <param name="keep">Keeps what became of a commit for the registry that follows.</param>
    internal void SayLastWords(Action<SessionRegistry.OutcomeKept> keep)
    {
        foreach (var effect in State.LastEffects(backendPid: 0))
        {
            if (effect is SessionEffects.KeepOutcome kept)
            {
                keep(new(State.Id, State.Pool, kept));
            }
            else
            {
                Do(effect);
            }
        }
    }

    private SessionDecision? Decide(ISessionEvent happened, TimeSpan now)
    {
        try
        {
            var decision = State.On(happened, now);
            foreach (var effect in decision.Effects)
            {
                if (!IsBrief(effect))
                {
                    return null;
                }
            }
            return decision;
        }
        catch (Exception)
        {
            // What cannot be decided ends this conversation only: its actor fails by it, and not the registry.
            return null;
        }
    }

    private static bool IsBrief(ISessionEffect effect) =>
        effect is SessionEffects.Answer or SessionEffects.Run { Work.AsUnit: true } or SessionEffects.WithdrawUnit
        or SessionEffects.TellLeft or SessionEffects.KeepOutcome or SessionEffects.CommitEnded or SessionEffects.End;

    private void Do(ISessionEffect effect)
    {
        switch (effect)
        {
            case SessionEffects.Answer answer: answer.To.Tell(answer.Reply, _registry); break;
            case SessionEffects.Run run:
                Requests++;
                Plan.Supervisor.Tell(Units.Of(Request, run.Work, State.Terms), new Caller(_registry, State.Id));
                break;
            case SessionEffects.WithdrawUnit: Plan.Supervisor.Tell(new WithdrawErrand(Request), ActorRefs.NoSender); break;
            case SessionEffects.TellLeft left: left.To.Tell(new SessionLeft(State.Id, left.Handle), _registry); break;
            case SessionEffects.KeepOutcome keep: _keep(new(State.Id, State.Pool, keep)); break;
            case SessionEffects.CommitEnded ended: Plan.Telemetry.CommitEnded(ended.Reply); break;
            // Whoever owns it sees that it is over.
            case SessionEffects.End: break;
            default: throw new InvalidOperationException($"{effect} takes an actor");
        }
    }

    /// <summary>What the pool answered to the unit of a conversation.</summary>
    internal sealed record UnitAnswered(SessionId Session, object Answer);

    /// <summary>Who asks the pool in a conversation's place: answers tell no errand, so each conversation is a caller of its own.</summary>
    private sealed class Caller(IActorRef registry, SessionId session) : MinimalActorRef
    {
        public override ActorPath Path => registry.Path;

        public override IActorRefProvider Provider => ((IInternalActorRef)registry).Provider;

        protected override void TellInternal(object message, IActorRef sender) => registry.Tell(new UnitAnswered(session, message), sender);
    }
}
