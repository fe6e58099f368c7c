using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Hosting;
using Broker.Sessions.Decisions;
using Broker.Settlement;

namespace Broker.Sessions;

/// <summary>
/// `/user/broker/sessions`: one child per conversation, found by its id, and what became of commits whose conversations are gone. Callers
/// talk to it once, to open or to join; from then on to the conversation itself. One that does nothing but commits that bring their work
/// along has no child until it does more: it is a <see cref="BriefConversation"/>, and is talked to here. A conversation that fails stops,
/// and its handles are told; no other one notices.
/// </summary>
internal sealed class SessionRegistry : UntypedActor, IWithTimers
{
    private BrokerSettings _settings;
    private readonly BrokerMeter _meter;
    private readonly TimeProvider _time;
    private readonly IActorRef _pools;
    private readonly KeptOutcomes _outcomes;
    private readonly Dictionary<PoolId, SessionPlan> _plans = [];
    private readonly Dictionary<SessionId, BriefConversation> _briefs = [];
    private readonly BriefCommands _brief = new();
    private readonly Queue<(object Request, IActorRef Asker)> _finding = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly bool _sandboxed;
    private bool _stopping;

    public SessionRegistry(BrokerSettings settings, BrokerMeter meter, TimeProvider time, IActorRef pools, bool sandboxed)
    {
        (_settings, _meter, _time, _pools, _sandboxed) = (settings, meter, time, pools, sandboxed);
        _outcomes = new(settings.Sessions.OutcomeKeep);
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
    internal sealed record OutcomeKept(SessionId Session, HandleId Handle, long Sequence, ISessionReply Reply);

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
            case OpenSession open: OnOpen(open); break;
            case JoinSession join: OnJoin(join); break;
            case RunInSession command: OnRun(command, Sender); break;
            case BriefConversation.UnitAnswered answered: OnUnit(answered); break;
            case LeaveSession leave: OnLeave(leave); break;
            case CancelInSession cancel: Tell(cancel.Session, cancel, new SessionEvents.CancelCame(cancel.Handle, cancel.Sequence)); break;
            case NoteUnsent note: Tell(note.Session, note, new SessionEvents.UnsentTold(note.Handle, note.Changes)); break;
            case GetCommitOutcome ask: OnAsk(ask); break;
            case OutcomeNotKept unknown: Tell(unknown.Request); break;
            case OutcomeKept kept: Keep(kept); break;
            case ForgetDue: ForgetInTime(); break;
            case PoolFound found: OnFound(found); break;
            case BrokerSupervisor.SettingsTaken taken:
                // Conversations that are there keep their plan; whoever comes has the pool looked up again.
                _settings = taken.Settings;
                _plans.Clear();
                break;
            case Refused refused: _finding.Dequeue().Asker.Tell(refused); break;
            case StopSessions: OnStop(); break;
            case Terminated dead: OnPoolGone(dead.ActorRef); break;
            default: Unhandled(message); break;
        }
    }

    private void OnOpen(OpenSession open)
    {
        var child = Find(open.Session);
        if (!child.IsNobody())
        {
            child.Forward(open);
        }
        else if (_stopping)
        {
            Sender.Tell(new Refused(new BrokerStopping("the broker")));
        }
        else if (PlanOf(open.Database, open.User) is { } plan)
        {
            Open(plan, open, Sender);
        }
        else
        {
            Find(open, Sender, open.Database, open.User);
        }
    }

    private static void Open(SessionPlan plan, OpenSession open, IActorRef asker)
    {
        var name = open.Session.ToString();
        var child = Context.Child(name);
        if (child.IsNobody())
        {
            child = Context.ActorOf(SessionActor.For(plan, new(open.Session, plan.Pool, open.Handle, open.Terms, plan.Limits)), name);
        }
        child.Tell(open, asker);
    }

    private void OnJoin(JoinSession join)
    {
        var child = Find(join.Session);
        if (child.IsNobody())
        {
            Sender.Tell(new Refused(new ConversationGone(join.Session, "it was never opened, or has ended")));
        }
        else
        {
            child.Forward(join);
        }
    }

    /// <summary>The actor of a conversation, one that was brief included; nobody when there is none.</summary>
    private IActorRef Find(SessionId session) => _briefs.TryGetValue(session, out var brief) ? Raise(brief) : Context.Child(session.ToString());

    /// <summary>A conversation that was brief goes on as an actor, from the state that it has.</summary>
    private IActorRef Raise(BriefConversation brief)
    {
        _briefs.Remove(brief.State.Id);
        brief.Plan.Telemetry.Closed();
        return Context.ActorOf(SessionActor.For(brief.Plan, brief.State, brief.Requests), brief.State.Id.ToString());
    }

    /// <summary>
    /// A handle's first command comes this way, with what opens its conversation or close behind it; so do all those of a brief one.
    /// </summary>
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
        else if (_stopping)
        {
            asker.Tell(new Refused(new BrokerStopping("the broker")));
        }
        else if (PlanOf(open.Database, open.User) is not { } plan)
        {
            Find(command, asker, open.Database, open.User);
        }
        else if (open.Watched is not null)
        {
            Open(plan, open, ActorRefs.Nobody);
            Context.Child(open.Session.ToString()).Tell(command, asker);
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

    private void OnLeave(LeaveSession leave)
    {
        if (_briefs.TryGetValue(leave.Session, out var brief) && !leave.Forgotten && TryDo(brief, SessionEvents.Left.Of(leave, brief.State, Sender)))
        {
            return;
        }
        var child = Find(leave.Session);
        if (!child.IsNobody())
        {
            child.Forward(leave);
        }
        else if (!Sender.IsNobody())
        {
            Sender.Tell(new Refused(new ConversationGone(leave.Session, "it was never opened, or has ended")));
        }
    }

    private void OnUnit(BriefConversation.UnitAnswered unit)
    {
        if (_briefs.TryGetValue(unit.Session, out var brief) && Units.Answered(unit.Answer) is { } result && TryDo(brief, new SessionEvents.WorkDone(result)))
        {
            return;
        }
        Find(unit.Session).Forward(unit.Answer);
    }

    /// <summary>Tells a conversation what is not answered.</summary>
    private void Tell(SessionId session, object message, ISessionEvent happened)
    {
        if (!_briefs.TryGetValue(session, out var brief) || !TryDo(brief, happened))
        {
            Find(session).Forward(message);
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

    private void OnAsk(GetCommitOutcome ask)
    {
        if (_briefs.TryGetValue(ask.Session, out var brief) && brief.State.OutcomeOf(ask.Handle, ask.Sequence) is { } reply)
        {
            Sender.Tell(new CommitOutcome(reply));
        }
        else if (brief is null && Find(ask.Session) is var child && !child.IsNobody())
        {
            child.Forward(ask);
        }
        else
        {
            Tell(ask);
        }
    }

    private void Keep(OutcomeKept kept)
    {
        _outcomes.Keep(kept.Session, kept.Handle, kept.Sequence, kept.Reply, Now);
        ForgetInTime();
    }

    /// <summary>Tells what is remembered; else the ledger is asked.</summary>
    private void Tell(GetCommitOutcome ask)
    {
        if (_outcomes.Find(ask.Session, ask.Handle, ask.Sequence, Now) is { } kept)
        {
            Sender.Tell(new CommitOutcome(kept));
        }
        else if (ask.Database is not { } database)
        {
            TellUnknown(ask, new("", ""), "nobody remembers it (broker.sessions.outcome-keep)", Sender);
        }
        else if (PlanOf(database, ask.User) is { } plan)
        {
            AskLedger(plan, ask, Sender);
        }
        else
        {
            Find(ask, Sender, database, ask.User);
        }
    }

    private static void AskLedger(SessionPlan plan, GetCommitOutcome ask, IActorRef asker)
    {
        if (plan.Ledger is null)
        {
            TellUnknown(ask, plan.Pool, "nobody remembers it, and there is no ledger to ask (broker.sessions.outcome-keep, broker.errands.ledger.table)", asker);
            return;
        }
        var key = ask.IdempotencyKey ?? SessionKeys.Of(ask.Session, ask.Handle, ask.Sequence);
        plan.Supervisor.Tell(
            new SettleCommit(new CommitInDoubt(NoBackend, null, CommitSent: true, key)),
            Context.ActorOf(LedgerInquiry.For(plan.Pool, plan.Supervisor, key, asker)));
    }

    // Nobody knows the process that a commit of an earlier broker ran on: the ledger alone tells.
    private static BackendIdentity NoBackend => new(0, DateTime.UnixEpoch, DateTime.UnixEpoch, 0, "", 0);

    private static void TellUnknown(GetCommitOutcome ask, PoolId pool, string cause, IActorRef asker) =>
        asker.Tell(new CommitOutcome(new CommandRefused(new CommitUnknown(pool, 0, 0, $"command {ask.Sequence} of {ask.Handle} in conversation {ask.Session}: {cause}"))));

    private SessionPlan? PlanOf(string database, string? user) =>
        _settings.Databases.TryGetValue(database, out var known) ? _plans.GetValueOrDefault(new(database, user ?? known.User)) : null;

    private void Find(object request, IActorRef asker, string database, string? user)
    {
        // Answers come in the order of the questions.
        _finding.Enqueue((request, asker));
        _pools.Tell(new FindPool(database, user));
    }

    private void OnFound(PoolFound found)
    {
        if (!_settings.Databases.ContainsKey(found.Pool.Database))
        {
            _finding.Dequeue().Asker.Tell(new Refused(new UnknownDatabase(found.Pool.Database, found.Pool.User, null)));
            return;
        }
        if (!_plans.TryGetValue(found.Pool, out var plan))
        {
            plan = SessionPlan.For(found.Pool, found.Supervisor, _settings, _time, new(_meter, found.Pool));
            _plans[found.Pool] = plan = _sandboxed ? plan.InSandbox() : plan;
            Context.Watch(found.Supervisor);
        }
        var (request, asker) = _finding.Dequeue();
        switch (request)
        {
            case OpenSession open: Open(plan, open, asker); break;
            case RunInSession command: OnRun(command, asker); break;
            case GetCommitOutcome ask: AskLedger(plan, ask, asker); break;
        }
    }

    /// <summary>Whoever waits for it is told; whoever asks for it from now on has it looked up again.</summary>
    private void OnPoolGone(IActorRef pool)
    {
        foreach (var (id, _) in _plans.Where(plan => plan.Value.Supervisor.Equals(pool)).ToArray())
        {
            _plans.Remove(id);
        }
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
    }

    private void ForgetInTime()
    {
        if (_outcomes.Forget(Now) is { } next && !Timers.IsTimerActive(nameof(ForgetDue)))
        {
            Timers.StartSingleTimer(nameof(ForgetDue), ForgetDue.Instance, next);
        }
    }
}
