using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Errands;
using Broker.Leases;
using Broker.Sessions.Decisions;
using Broker.Sessions.Work;
using Broker.Settlement;
using Broker.Streams;

namespace Broker.Sessions;

/// <summary>
/// Serializes the work of one conversation: a thin shell around <see cref="SessionState"/>, which decides. It talks to the handles, to its
/// pool, from which it borrows one connection at a time and only while a transaction is open, and to that connection. No two tasks of it
/// ever run at once. When it is stopped from outside everybody who waits is told, and the task under way closes the connection at its end;
/// a COMMIT is never cut off.
/// <para>
/// Its states are those of <see cref="SessionPhase"/> (docs/states/session.md). An idle one has no timer, no connection and nothing empty.
/// </para>
/// </summary>
internal sealed class SessionActor : UntypedActor
{
    private static readonly TimeSpan CancelAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly SessionPlan _plan;
    private SessionState _state;
    private ConnectionLent? _lent;
    private SessionRun? _run;
    private Task? _underWay;
    private ICancelable? _alarm, _cancelling;
    private BackendIdentity? _doubtful;
    private long _requests;
    private bool _poolIsGone;

    public SessionActor(SessionPlan plan, SessionState state, long requests) => (_plan, _state, _requests) = (plan, state, requests);

    /// <summary>How to make one, of a conversation without handles, or of what it was, and had asked its pool, without an actor.</summary>
    internal static Props For(SessionPlan plan, SessionState state, long requests = 0) =>
        Props.CreateBy(new SessionProducer(plan, state, requests));

    private sealed record TaskDone(WorkResult Result) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
    private sealed record AtRest(SessionRun Run, LeftBehind Connection) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
    private sealed record CancelDue : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        internal static readonly CancelDue Instance = new();
    }

    private sealed record Alarm : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        internal static readonly Alarm Instance = new();
    }

    private TimeSpan Now => _plan.Time.GetElapsedTime(0);

    /// <inheritdoc/>
    protected override void PreStart() => _plan.Telemetry.Opened();

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case IHandleRequest request when _state.RefusalTo(request) is { } refusal: Sender.Tell(refusal, Self); break;
            case RunInSession command: Do(new SessionEvents.CommandCame(command, Sender)); break;
            case TaskDone done: OnTaskDone(done.Result); break;
            case ConnectionLent lent: OnLent(lent); break;
            // What belongs to an earlier lease was overtaken by its being called back.
            case AtRest rest when ReferenceEquals(rest.Run, _run): OnAtRest(rest.Connection); break;
            case LeaseOver over when over.Lease == _lent?.Lease: ForgetLink(); Do(SessionEvents.LinkBack.Instance); break;
            case AtRest or LeaseOver: break;
            case ErrandCompleted or Refused when _state.Work is { AsUnit: true }:
                Do(new SessionEvents.WorkDone(Units.Answered(message)!));
                break;
            case Refused refused: OnRefused(refused.Failure); break;
            case OpenSession open: Do(new SessionEvents.Joined(open.Handle, open.Watched, open.Login, Sender)); break;
            case JoinSession join: Do(new SessionEvents.Joined(join.Handle, join.Watched, join.Login, Sender)); break;
            case LeaveSession leave: OnLeave(leave); break;
            case CancelInSession cancel: Do(new SessionEvents.CancelCame(cancel.Handle, cancel.Sequence)); break;
            case NoteUnsent note: Do(new SessionEvents.UnsentTold(note.Handle, note.Changes)); break;
            case GetCommitOutcome ask: OnAsked(ask); break;
            case CommitSettled settled: Do(new SessionEvents.Settled(settled.Outcome, _doubtful?.Pid ?? 0)); break;
            case CancelDue: CancelOnServer(); break;
            case Alarm: _alarm = null; Do(SessionEvents.Tick.Instance); break;
            case SessionRegistry.PoolGone gone: OnPoolGone(gone.Pool); break;
            case SessionRegistry.StopSessions: Do(SessionEvents.Stop.Instance); break;
            case Terminated dead: OnDied(dead.ActorRef); break;
            default: Unhandled(message); break;
        }
    }

    private void OnLeave(LeaveSession leave)
    {
        if (leave.Forgotten && _state.Find(leave.Handle) is not null)
        {
            _plan.Telemetry.Forgotten();
            Log().Warning("Handle {Handle} of conversation {Session} of pool {Pool} was forgotten instead of closed, {Phase}", leave.Handle,
                _state.Id, _plan.Pool, _state.Phase);
        }
        Do(SessionEvents.Left.Of(leave, _state, Sender));
    }

    private void OnAsked(GetCommitOutcome ask)
    {
        if (_state.OutcomeOf(ask.Handle, ask.Sequence) is { } reply)
        {
            Sender.Tell(new CommitOutcome(reply));
        }
        else
        {
            Context.Parent.Tell(new SessionRegistry.OutcomeNotKept(ask), Sender);
        }
    }

    private void OnDied(IActorRef dead)
    {
        if (_lent is { } lent && dead.Equals(lent.Owner))
        {
            OnLinkLost(new ConnectionLost(_plan.Pool, "its connection's actor died"));
            return;
        }
        foreach (var member in _state.Members.Where(member => dead.Equals(member.Watched)))
        {
            Do(new SessionEvents.Left(member.Id, null, member.Id == _state.Owner ? "its owner died" : "its handle died", 0));
        }
    }

    private void OnLent(ConnectionLent lent)
    {
        _lent = lent;
        _run = new(_plan, _state.Terms, _state.Id, lent.Wrapper);
        Context.Watch(lent.Owner);
        Do(SessionEvents.LinkLent.Instance);
    }

    private void OnRefused(Failure failure)
    {
        if (_lent is null)
        {
            Do(new SessionEvents.LinkRefused(failure));
        }
        else if (failure is not LeaseRevoked revoked || revoked.Lease == _lent.Lease)
        {
            OnLinkLost(failure);
        }
    }

    private void OnLinkLost(Failure failure)
    {
        if (_underWay is null || _state.Link == Link.Returning)
        {
            LoseLink(failure);
        }
        Do(new SessionEvents.LinkLost(failure));
    }

    private void OnTaskDone(WorkResult result)
    {
        StopCancelling();
        if (_run is { CancelAsked: true } run)
        {
            // Whoever comes next must not be hit by a request that is still on its way.
            Start(run.FenceAsync(result));
            return;
        }
        _underWay = null;
        if (_state.LinkLost is { } lost)
        {
            _doubtful = _lent!.Backend;
            LoseLink(lost);
        }
        Do(new SessionEvents.WorkDone(result));
    }

    private void OnAtRest(LeftBehind connection)
    {
        _underWay = null;
        var lent = _lent!;
        if (connection.State != LeftAs.Clean)
        {
            Log().Info("Conversation {Session} leaves the connection of lease {Lease} of pool {Pool} {State}: {Cause}", _state.Id,
                lent.Lease, _plan.Pool, connection.State, connection.Cause);
        }
        switch (connection.State)
        {
            case LeftAs.Broken: _plan.Supervisor.Tell(new LeaseSeenBroken(lent.Lease)); break;
            case LeftAs.Spoilt: _plan.Supervisor.Tell(new InvalidateLease(lent.Lease, Hard: false)); break;
        }
        lent.Owner.Tell(new ReturnConnection(lent.Lease));
    }

    private void Do(ISessionEvent happened)
    {
        var before = _state.Phase;
        var decision = _state.On(happened, Now);
        _state = decision.State;
        foreach (var effect in decision.Effects)
        {
            Do(effect);
        }
        if (before != _state.Phase && Context.System.Settings.LogLevel == "DEBUG")
        {
            Log().Debug("Conversation {Session} of pool {Pool} is {Phase}", _state.Id, _plan.Pool, _state.Phase);
        }
    }

    private void Do(ISessionEffect effect)
    {
        switch (effect)
        {
            case SessionEffects.Answer answer: answer.To.Tell(answer.Reply, Self); break;
            case SessionEffects.Run { Work.AsUnit: true } unit: Ask(Units.Of(NextRequest(), unit.Work, _state.Terms)); break;
            case SessionEffects.Run run: Start(_run!.RunAsync(run.Work)); break;
            case SessionEffects.TakeKey: _plan.Supervisor.Tell(LedgerPruner.KeyTaken.Instance); break;
            case SessionEffects.Acquire: Acquire(); break;
            case SessionEffects.Withdraw: _plan.Supervisor.Tell(new WithdrawAcquire(Request)); break;
            case SessionEffects.WithdrawUnit: _plan.Supervisor.Tell(new WithdrawErrand(Request)); break;
            case SessionEffects.GiveBack back: GiveBack(back); break;
            case SessionEffects.CancelWork: StartCancelling(); break;
            case SessionEffects.Settle settle: Settle(settle); break;
            case SessionEffects.TellOpened opened:
                opened.To.Tell(new SessionOpened(_state.Id, Self, _plan.Pool, _state.Epoch, _state.Terms) { Owner = _state.Owner }, Self);
                break;
            case SessionEffects.TellLeft left: left.To.Tell(new SessionLeft(_state.Id, left.Handle), Self); break;
            case SessionEffects.Watch watch: Context.Watch(watch.Actor); break;
            case SessionEffects.Unwatch unwatch: Context.Unwatch(unwatch.Actor); break;
            case SessionEffects.KeepOutcome keep: Keep(keep); break;
            case SessionEffects.CommitEnded ended: _plan.Telemetry.CommitEnded(ended.Reply); break;
            case SessionEffects.WakeAt wake: SetAlarm(wake.Moment); break;
            case SessionEffects.TimedOut out_:
                _plan.Telemetry.TimedOut();
                Log().Warning("The transaction of conversation {Session} of pool {Pool} lay idle for {Limit} and is rolled back", _state.Id,
                    _plan.Pool, out_.Limit);
                break;
            case SessionEffects.End: Become(ConversationEnd.Begin(Context, _state.Id)); break;
            default: throw new InvalidOperationException($"unknown effect {effect}");
        }
    }

    private ErrandId Request => new(_state.Owner.Number, _requests);

    private ErrandId NextRequest() => new(_state.Owner.Number, ++_requests);

    private void Acquire() =>
        Ask(new AcquireConnection(NextRequest(), _state.Terms.Wait, null, $"conversation {_state.Id}", "a conversation's transaction", [],
            Watched: true));

    private void Start(Task<WorkResult> work)
    {
        _underWay = work;
        _ = work.PipeTo(Self, success: static result => new TaskDone(result));
    }

    private void GiveBack(SessionEffects.GiveBack back)
    {
        if (back.Broken)
        {
            OnAtRest(new(LeftAs.Broken, "it was lost"));
        }
        else if (back.Spoilt)
        {
            _run!.Spoil("a transaction could not begin on it");
            BringToRest(back.Rollback);
        }
        else if (_run!.RestsAlready(back.Rollback) is { } left)
        {
            OnAtRest(left);
        }
        else
        {
            BringToRest(back.Rollback);
        }
    }

    private void BringToRest(bool rollback)
    {
        var run = _run!;
        var rest = run.RestAsync(rollback);
        _underWay = rest;
        _ = rest.PipeTo(Self, success: left => new AtRest(run, left));
    }

    // A request to cancel is lost when the server is between two statements at that moment: it is repeated until the work has ended.
    private void StartCancelling()
    {
        CancelOnServer();
        _cancelling ??= Context.System.Scheduler.ScheduleTellRepeatedlyCancelable(CancelAgainAfter, CancelAgainAfter, Self,
            CancelDue.Instance, ActorRefs.NoSender);
    }

    // Npgsql has no way to cancel a copy and to keep its connection: so that is called back, and its process ended.
    private void CancelOnServer()
    {
        _run?.Cancel();
        if (_run is { IsCopying: true })
        {
            _plan.Supervisor.Tell(new InvalidateLease(_lent!.Lease, Hard: true));
        }
    }

    private void StopCancelling()
    {
        _cancelling?.Cancel();
        _cancelling = null;
    }

    private void Settle(SessionEffects.Settle settle)
    {
        _doubtful = _lent?.Backend ?? _doubtful;
        Log().Warning("Conversation {Session} lost its connection of pool {Pool} at COMMIT of transaction {TransactionId}", _state.Id,
            _plan.Pool, settle.TransactionId);
        Ask(new SettleCommit(new CommitInDoubt(_doubtful!, settle.TransactionId, CommitSent: true, settle.Key)));
    }

    /// <summary>
    /// Asks the pool for what it answers. One that is gone has answered all that reached it; what does not is answered here.
    /// </summary>
    private void Ask(object request)
    {
        _plan.Supervisor.Tell(request);
        if (_poolIsGone)
        {
            Self.Tell(new SessionRegistry.PoolGone(_plan.Supervisor));
        }
    }

    private void OnPoolGone(IActorRef pool)
    {
        if (pool.Equals(_plan.Supervisor))
        {
            _poolIsGone = true;
            Do(new SessionEvents.PoolEnded(_doubtful?.Pid ?? 0));
        }
    }

    private void SetAlarm(TimeSpan? moment)
    {
        _alarm?.Cancel();
        _alarm = moment is { } due
            ? Context.System.Scheduler.ScheduleTellOnceCancelable(due > Now ? due - Now : TimeSpan.Zero, Self, Alarm.Instance,
                ActorRefs.NoSender)
            : null;
    }

    private void ForgetLink()
    {
        if (_lent is { } lent)
        {
            Context.Unwatch(lent.Owner);
        }
        (_lent, _run) = (null, null);
    }

    /// <summary>The connection is not ours any more. Its wrapper is closed by who called it back; else nobody else closes it.</summary>
    private void LoseLink(Failure failure)
    {
        if (failure is not LeaseRevoked)
        {
            _ = _run?.AbandonAsync(_underWay ?? Task.CompletedTask);
        }
        _underWay = null;
        ForgetLink();
    }

    private void Keep(SessionEffects.KeepOutcome keep) =>
        Context.Parent.Tell(new SessionRegistry.OutcomeKept(_state.Id, _state.Pool, keep), Self);

    private static ILoggingAdapter Log() => Context.GetLogger();

    /// <inheritdoc/>
    protected override void PostStop()
    {
        StopCancelling();
        _alarm?.Cancel();
        _plan.Telemetry.Closed();
        if (!_state.IsOver)
        {
            foreach (var effect in _state.LastEffects(_lent?.BackendPid ?? _doubtful?.Pid ?? 0))
            {
                Do(effect);
            }
        }
        _ = _run?.AbandonAsync(_underWay ?? Task.CompletedTask);
    }
}
