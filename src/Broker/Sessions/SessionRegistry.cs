using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Hosting;
using Broker.Sessions.Decisions;

namespace Broker.Sessions;

/// <summary>
/// `/user/broker/sessions`: one child per conversation, found by its id, and what became of commits whose conversations are gone. Callers
/// talk to it once, to open or to join; from then on to the conversation itself. One that does nothing but commits that bring their work
/// along has no child until it does more: it is a <see cref="BriefConversation"/>, and is talked to here. A conversation that fails stops,
/// and its handles are told; no other one notices.
/// </summary>
internal sealed class SessionRegistry : UntypedActor, IWithTimers
{
    private readonly TimeProvider _time;
    private readonly KeptOutcomes _outcomes;
    private readonly SessionPlans _plans;
    private readonly Dictionary<SessionId, BriefConversation> _briefs = [];
    private readonly HashSet<SessionId> _ending = [];
    private readonly BriefCommands _brief = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private bool _stopping;

    public SessionRegistry(BrokerSettings settings, BrokerMeter meter, TimeProvider time, IActorRef pools, bool sandboxed)
    {
        _time = time;
        _outcomes = new(settings.Sessions.OutcomeKeep);
        _plans = new(settings, meter, time, pools, sandboxed);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    /// <param name="settings">The broker's settings.</param>
    /// <param name="meter">What is measured.</param>
    /// <param name="time">The clock.</param>
    /// <param name="pools">The directory of pools.</param>
    /// <param name="sandboxed">Whether these are the pools of a sandbox.</param>
    internal static Props For(BrokerSettings settings, BrokerMeter meter, TimeProvider time, IActorRef pools, bool sandboxed = false) =>
        Props.Create(() => new SessionRegistry(settings, meter, time, pools, sandboxed));

    /// <summary>The broker is stopping: no conversation is opened and no transaction begun any more; those that run may end.</summary>
    internal sealed record StopSessions
    {
        internal static readonly StopSessions Instance = new();
    }

    /// <summary>A pool is gone for good, and answers nobody any more.</summary>
    internal sealed record PoolGone(IActorRef Pool);

    /// <summary>A conversation says what became of a commit, because it ends itself.</summary>
    internal sealed record OutcomeKept(SessionId Session, PoolId Pool, SessionEffects.KeepOutcome Outcome);

    /// <summary>A conversation does not remember a commit that was asked for.</summary>
    internal sealed record OutcomeNotKept(GetCommitOutcome Request);

    private sealed record ForgetDue : INoSerializationVerificationNeeded
    {
        internal static readonly ForgetDue Instance = new();
    }

    private TimeSpan Now => _time.GetElapsedTime(0);

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case IHandleRequest request: On(request, Sender); break;
            case BriefConversation.UnitAnswered answered: OnUnit(answered); break;
            case OutcomeNotKept unknown: Tell(unknown.Request, Sender); break;
            case OutcomeKept kept: Keep(kept); break;
            case ConversationEnd.Over over: OnOver(over.Session, Sender); break;
            case ConversationEnd.Stopped stopped: _ending.Remove(stopped.Session); break;
            case ForgetDue: ForgetInTime(); break;
            case PoolFound or Refused when !_plans.Awaits(message): break;
            case PoolFound found:
                Context.Watch(found.Supervisor);
                OnFound(_plans.Of(found), new(new UnknownDatabase(found.Pool.Database, found.Pool.User, null)));
                break;
            case BrokerSupervisor.SettingsTaken taken: _plans.Take(taken.Settings); break;
            case Refused refused: OnFound(null, refused); break;
            case StopSessions: OnStop(); break;
            case Terminated dead: OnPoolGone(dead.ActorRef); break;
            default: Unhandled(message); break;
        }
    }

    private void On(IHandleRequest request, IActorRef asker)
    {
        if (_plans.TryFollow(request, asker))
        {
            return;
        }
        if (_briefs.TryGetValue(request.Session, out var brief) && brief.State.RefusalTo(request) is { } refusal)
        {
            asker.Tell(refusal);
            return;
        }
        switch (request)
        {
            case OpenSession open: OnOpen(open, asker); break;
            case JoinSession join: OnJoin(join, asker); break;
            case RunInSession command: OnRun(command, asker); break;
            case LeaveSession leave: OnLeave(leave, asker); break;
            case CancelInSession cancel: Tell(cancel, asker, new SessionEvents.CancelCame(cancel.Handle, cancel.Sequence)); break;
            case NoteUnsent note: Tell(note, asker, new SessionEvents.UnsentTold(note.Handle, note.Changes)); break;
            case GetCommitOutcome ask: OnAsk(ask, asker); break;
        }
    }

    private void OnOpen(OpenSession open, IActorRef asker)
    {
        var child = Find(open.Session);
        if (!child.IsNobody())
        {
            child.Tell(open, asker);
        }
        else if (RefusalToOpen(open.Session) is { } refusal)
        {
            asker.Tell(new Refused(refusal));
        }
        else if (_plans.Of(open.Database, open.User) is { } plan)
        {
            Open(plan, open, asker);
        }
        else
        {
            _plans.Find(open, asker, open.Database, open.User);
        }
    }

    private Failure? RefusalToOpen(SessionId session) =>
        _stopping ? new BrokerStopping("the broker") : _ending.Contains(session) ? ConversationEnd.Gone(session) : null;

    private void OnOver(SessionId session, IActorRef conversation)
    {
        _ending.Add(session);
        Context.WatchWith(conversation, new ConversationEnd.Stopped(session));
        conversation.Tell(PoisonPill.Instance);
    }

    private void Open(SessionPlan plan, OpenSession open, IActorRef asker)
    {
        if (RefusalToOpen(open.Session) is { } refusal)
        {
            asker.Tell(new Refused(refusal));
            return;
        }
        var name = open.Session.ToString();
        var child = Context.Child(name);
        if (child.IsNobody())
        {
            child = Context.ActorOf(SessionActor.For(plan,
                new(open.Session, plan.Pool, open.Handle, open.Terms, plan.Limits) { Login = open.Login }), name);
        }
        child.Tell(open, asker);
    }

    private void OnJoin(JoinSession join, IActorRef asker)
    {
        var child = Find(join.Session);
        if (child.IsNobody())
        {
            asker.Tell(new Refused(new ConversationGone(join.Session, "it was never opened, or has ended")));
        }
        else
        {
            child.Tell(join, asker);
        }
    }

    /// <summary>The actor of a conversation, one that was brief included; nobody when there is none.</summary>
    private IActorRef Find(SessionId session) => _briefs.TryGetValue(session, out var brief) ? Raise(brief)
        : _ending.Contains(session) ? ActorRefs.Nobody
        : Context.Child(session.ToString());

    /// <summary>A conversation that was brief goes on as an actor, from the state that it has.</summary>
    private IActorRef Raise(BriefConversation brief)
    {
        _briefs.Remove(brief.State.Id);
        brief.Plan.Telemetry.Closed();
        return Context.ActorOf(SessionActor.For(brief.Plan, brief.State, brief.Requests), brief.State.Id.ToString());
    }

    /// <summary>A handle's first command comes this way, with or close behind what opens its conversation; so do a brief one's.</summary>
    private void OnRun(RunInSession command, IActorRef asker)
    {
        if (_briefs.TryGetValue(command.Session, out var brief))
        {
            Run(brief, command, asker);
        }
        else if (Find(command.Session) is var child && !child.IsNobody())
        {
            child.Tell(command, asker);
        }
        else if (command.Opens is not { } open || open.Session != command.Session || open.Handle != command.Handle)
        {
            asker.Tell(new Refused(new ConversationGone(command.Session, "it was never opened, or has ended")));
        }
        else if (RefusalToOpen(command.Session) is { } refusal)
        {
            asker.Tell(new Refused(refusal));
        }
        else if (_plans.Of(open.Database, open.User) is not { } plan)
        {
            _plans.Find(command, asker, open.Database, open.User);
        }
        else if (open.Watched is not null)
        {
            Open(plan, open, ActorRefs.Nobody);
            Context.Child(open.Session.ToString()).Tell(command, asker); // nothing ends between two lines of one turn
        }
        else
        {
            Run(_briefs[open.Session] = new(plan, open, Self, Keep), command, asker);
        }
    }

    private void Run(BriefConversation brief, RunInSession command, IActorRef asker)
    {
        if (!_brief.Has(command.Command) || !TryDo(brief, new SessionEvents.CommandCame(command, asker)))
        {
            Raise(brief).Tell(command, asker);
        }
    }

    private void OnLeave(LeaveSession leave, IActorRef asker)
    {
        if (_briefs.TryGetValue(leave.Session, out var brief) && !leave.Forgotten
            && TryDo(brief, SessionEvents.Left.Of(leave, brief.State, asker)))
        {
            return;
        }
        var child = Find(leave.Session);
        if (!child.IsNobody())
        {
            child.Tell(leave, asker);
        }
        else if (!asker.IsNobody())
        {
            asker.Tell(new Refused(new ConversationGone(leave.Session, "it was never opened, or has ended")));
        }
    }

    private void OnUnit(BriefConversation.UnitAnswered unit)
    {
        if (_briefs.TryGetValue(unit.Session, out var brief) && Units.Answered(unit.Answer) is { } result
            && TryDo(brief, new SessionEvents.WorkDone(result)))
        {
            return;
        }
        Find(unit.Session).Forward(unit.Answer);
    }

    /// <summary>Tells a conversation what is not answered.</summary>
    private void Tell(IHandleRequest request, IActorRef asker, ISessionEvent happened)
    {
        if (!_briefs.TryGetValue(request.Session, out var brief) || !TryDo(brief, happened))
        {
            Find(request.Session).Tell(request, asker);
        }
    }

    private bool TryDo(BriefConversation brief, ISessionEvent happened)
    {
        if (!brief.TryDo(happened, Now))
        {
            return false;
        }
        if (brief.State.IsOver)
        {
            _briefs.Remove(brief.State.Id);
            brief.Plan.Telemetry.Closed();
        }
        return true;
    }

    private void OnAsk(GetCommitOutcome ask, IActorRef asker)
    {
        if (_briefs.TryGetValue(ask.Session, out var brief) && brief.State.OutcomeOf(ask.Handle, ask.Sequence) is { } reply)
        {
            asker.Tell(new CommitOutcome(reply));
        }
        else if (brief is null && Find(ask.Session) is var child && !child.IsNobody())
        {
            child.Tell(ask, asker);
        }
        else
        {
            Tell(ask, asker);
        }
    }

    private void Keep(OutcomeKept kept)
    {
        _outcomes.Keep(kept, Now);
        ForgetInTime();
    }

    /// <summary>Tells what is remembered; else the ledger is asked.</summary>
    private void Tell(GetCommitOutcome ask, IActorRef asker)
    {
        if (_outcomes.Find(ask, Now) is { } kept)
        {
            asker.Tell(kept);
        }
        else if (ask.Database is not { } database)
        {
            asker.Tell(KeptOutcomes.Unknown(ask));
        }
        else if (_plans.Of(database, ask.User) is { } plan)
        {
            LedgerInquiry.Ask(Context, plan, ask, asker);
        }
        else
        {
            _plans.Find(ask, asker, database, ask.User);
        }
    }

    private void OnFound(SessionPlan? plan, Refused refused)
    {
        var (request, asker, behind) = _plans.Next();
        switch (request)
        {
            case var _ when plan is null: asker.Tell(refused); break;
            case OpenSession open: Open(plan, open, asker); break;
            case RunInSession command: On(command, asker); break;
            case GetCommitOutcome ask: LedgerInquiry.Ask(Context, plan, ask, asker); break;
        }
        foreach (var (later, from) in behind)
        {
            On(later, from);
        }
    }

    /// <summary>Whoever waits for it is told; whoever asks for it from now on has it looked up again.</summary>
    private void OnPoolGone(IActorRef pool)
    {
        _plans.Forget(pool);
        foreach (var brief in _briefs.Values.Where(brief => brief.Plan.Supervisor.Equals(pool)).ToArray())
        {
            Raise(brief);
        }
        foreach (var child in Context.GetChildren())
        {
            child.Tell(new PoolGone(pool));
        }
    }

    private void OnStop()
    {
        _stopping = true;
        foreach (var child in Context.GetChildren())
        {
            child.Tell(StopSessions.Instance);
        }
        foreach (var brief in _briefs.Values)
        {
            TryDo(brief, SessionEvents.Stop.Instance);
        }
        _log.Debug("{Count} conversations begin no transaction any more", Context.GetChildren().Count() + _briefs.Count);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        foreach (var brief in _briefs.Values)
        {
            brief.Plan.Telemetry.Closed();
            // One that begins anew under this reference remembers it.
            brief.SayLastWords(kept => Self.Tell(kept));
        }
        foreach (var waiting in _plans.Waiting)
        {
            waiting.Tell(new Refused(new BrokerStopping("its directory of conversations")), Self);
        }
    }

    private void ForgetInTime()
    {
        if (_outcomes.Forget(Now) is { } next && !Timers.IsTimerActive(nameof(ForgetDue)))
        {
            Timers.StartSingleTimer(nameof(ForgetDue), ForgetDue.Instance, next);
        }
    }
}
