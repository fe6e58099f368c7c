using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Settlement;

namespace Broker.Sessions;

/// <summary>
/// `/user/broker/sessions`: one child per conversation, found by its id, and what became of commits whose conversations are gone. Callers talk to it once, to
/// open or to join; from then on to the conversation itself. A conversation that fails stops, and its handles are told; no other one notices.
/// </summary>
internal sealed class SessionRegistry : UntypedActor, IWithTimers
{
    private readonly BrokerSettings _settings;
    private readonly BrokerMeter _meter;
    private readonly TimeProvider _time;
    private readonly IActorRef _pools;
    private readonly KeptOutcomes _outcomes;
    private readonly Dictionary<PoolId, SessionPlan> _plans = [];
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
            case RunInSession first: OnFirst(first); break;
            case GetCommitOutcome ask: OnAsk(ask); break;
            case OutcomeNotKept unknown: Tell(unknown.Request); break;
            case OutcomeKept kept:
                _outcomes.Keep(kept.Session, kept.Handle, kept.Sequence, kept.Reply, Now);
                ForgetInTime();
                break;
            case ForgetDue: ForgetInTime(); break;
            case PoolFound found: OnFound(found); break;
            case Refused refused: _finding.Dequeue().Asker.Tell(refused); break;
            case StopSessions: OnStop(); break;
            case Terminated dead: OnPoolGone(dead.ActorRef); break;
            default: Unhandled(message); break;
        }
    }

    private void OnOpen(OpenSession open)
    {
        var child = Context.Child(open.Session.ToString());
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
            Find(open, open.Database, open.User);
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
        var child = Context.Child(join.Session.ToString());
        if (child.IsNobody())
        {
            Sender.Tell(new Refused(new ConversationGone(join.Session, "it was never opened, or has ended")));
        }
        else
        {
            child.Forward(join);
        }
    }

    /// <summary>A handle's first command comes this way, close behind what opens its conversation.</summary>
    private void OnFirst(RunInSession first)
    {
        var child = Context.Child(first.Session.ToString());
        if (child.IsNobody())
        {
            Sender.Tell(new Refused(new ConversationGone(first.Session, "it was never opened, or has ended")));
        }
        else
        {
            child.Forward(first);
        }
    }

    private void OnAsk(GetCommitOutcome ask)
    {
        var child = Context.Child(ask.Session.ToString());
        if (child.IsNobody())
        {
            Tell(ask);
        }
        else
        {
            child.Forward(ask);
        }
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
            Find(ask, database, ask.User);
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

    private void Find(object request, string database, string? user)
    {
        // Answers come in the order of the questions.
        _finding.Enqueue((request, Sender));
        _pools.Tell(new FindPool(database, user));
    }

    private void OnFound(PoolFound found)
    {
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
        _log.Debug("{Count} conversations begin no transaction any more", Context.GetChildren().Count());
    }

    private void ForgetInTime()
    {
        if (_outcomes.Forget(Now) is { } next && !Timers.IsTimerActive(nameof(ForgetDue)))
        {
            Timers.StartSingleTimer(nameof(ForgetDue), ForgetDue.Instance, next);
        }
    }
}
