using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Errands;
using Broker.Errands.Keyed;
using Broker.Leases;
using Broker.Pools;
using Broker.Sessions.Work;
using Broker.Settlement;

namespace Broker.Sandboxes;

/// <summary>
/// One pool as it is seen from within a sandbox: it understands what a pool understands, but has one connection, borrowed from the real
/// pool with the first use, and one transaction on it. Conversations and streams borrow that connection one at a time; errands it runs
/// itself. A thin shell around <see cref="SandboxTurns"/>, which decides. It talks to the real pool, to the connection, to its borrowers
/// and to who asks. When it dies the real pool takes the connection back, which rolls everything back.
/// <para>Its states are those of <see cref="SandboxPhase"/>.</para>
/// </summary>
internal sealed class SandboxPool : UntypedActor, IWithTimers
{
    private static readonly TimeSpan CancelAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly SandboxPlan _plan;
    private readonly StreamDesk _streams;
    private readonly SandboxDesk _desk;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private SandboxTurns _turns;
    private KeptReplies _kept = KeptReplies.None;
    private ConnectionLent? _lent;
    private SessionRun? _errand;
    private string? _broke;
    private bool _closing;

    public SandboxPool(SandboxPlan plan)
    {
        (_plan, _turns, _desk) = (plan, new(plan.Pool), new(Context));
        _streams = new(plan.Streams, static () => Props.Empty, Context);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(SandboxPlan plan) => Props.Create(() => new SandboxPool(plan));

    /// <summary>The sandbox is closed: the connection goes back, then the actor stops.</summary>
    internal sealed record End(string Cause);

    private sealed record Begun(string? Problem) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record Cleared(string? Problem) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record ErrandDone(TurnId Turn, ErrandOutcome Outcome) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        internal static readonly Tick Instance = new();
    }

    private sealed record CancelDue : INoSerializationVerificationNeeded
    {
        internal static readonly CancelDue Instance = new();
    }

    private TimeSpan Now => _plan.Time.GetElapsedTime(0);

    private ErrandId Own => new(0, Self.Path.Uid);

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            // The only errand of a stream has the server cancel what keeps the connection busy: it cannot wait for that.
            case RunErrand errand when Sender.Path.Parent.Equals(Self.Path): _plan.Lender.Forward(errand); break;
            case RunErrand errand: OnErrand(errand); break;
            case AcquireConnection acquire: OnAcquire(acquire); break;
            case WithdrawAcquire withdraw: Leave(withdraw.Request); break;
            case WithdrawErrand withdraw: Leave(withdraw.Errand); break;
            case CancelErrand cancel: OnCancel(cancel); break;
            case ReturnConnection back: OnReturn(back.Lease); break;
            case LeaseSeenBroken broken when _turns.IsTaken(TurnOf(broken.Lease)): _broke = "its connection was lost"; break;
            case InvalidateLease { Hard: true } invalid when _turns.IsTaken(TurnOf(invalid.Lease)):
                Lose("its connection did not come to rest");
                break;
            case InvalidateLease invalid when _turns.IsTaken(TurnOf(invalid.Lease)):
                _plan.Lender.Tell(new InvalidateLease(_lent!.Lease, Hard: false));
                break;
            case InvalidateLease or LeaseSeenBroken or StopListening: break;
            // Whoever detaches or forgets a lease was lent one as such, and keys are kept for no longer than the sandbox.
            case DetachLease or ForgetLease or LedgerPruner.KeyTaken: break;
            // No door of a sandbox opens connections of its own, so no slot is lent for one, and none comes back.
            case AcquireSlot slot:
                Sender.Tell(new SlotRefused(slot.Request, new SandboxRefused("a link would be outside of its transaction")));
                break;
            case NameSlot or ReturnSlot: break;
            case OpenStream stream: _streams.Open(stream, Sender); break;
            case SettleCommit: Sender.Tell(new CommitSettled(new SettledOutcome.Aborted("its sandbox was lost"))); break;
            case GetPoolStatus status: _plan.Lender.Forward(status); break;
            case StartListening:
                Refuse("nothing is notified before a commit, and nothing is committed: listen through the broker outside");
                break;
            case InvalidatePool or SuspendPool or ResumePool: Refuse("the pool itself is left alone: use the broker outside"); break;
            case ErrandDone done: OnErrandDone(done); break;
            case CancelDue: _errand?.Cancel(); break;
            case Begun begun: OnBegun(begun.Problem); break;
            case Cleared cleared: OnCleared(cleared.Problem); break;
            case Tick: Do(_turns.Expire(Now)); break;
            default: OnLender(message); break;
        }
    }

    private void OnLender(object message)
    {
        switch (message)
        {
            case ConnectionLent lent: OnLent(lent); break;
            case Refused { Failure: LeaseRevoked revoked }: OnGone(revoked.Lease == _lent?.Lease, revoked.Reason); break;
            case Refused refused: Do(_turns.NotOpened(refused.Failure)); break;
            case LeaseOver: OnGone(true, ""); break;
            case Terminated dead: OnDied(dead.ActorRef); break;
            case End end:
                _closing = true;
                Do(_turns.End(new SandboxOver(_plan.Pool, end.Cause)));
                StopWhenClosed();
                break;
            default: Unhandled(message); break;
        }
    }

    private void OnErrand(RunErrand errand)
    {
        var refusal = IdempotencyKeys.Refusal(errand, _plan.Pool, _plan.HasLedger) ?? SandboxErrand.Refusal(errand);
        if (refusal is not null)
        {
            Sender.Tell(new Refused(refusal), ActorRefs.NoSender);
            return;
        }
        Enter(new(errand.Id, Sender, errand), "an errand", errand.Limits.Wait ?? _plan.ErrandWait);
    }

    private void OnAcquire(AcquireConnection acquire)
    {
        if (!acquire.Watched)
        {
            Refuse("a lease would give away the whole connection, whose COMMIT nobody could hold back: use a session");
            return;
        }
        Enter(new(acquire.Request, Sender, null), acquire.Holder, acquire.Wait ?? _plan.LeaseWait);
    }

    private void Enter(Asked asked, string who, TimeSpan wait)
    {
        Do(_turns.Enter(new(_desk.Enter(asked), who, Now, Now.After(wait)), Now));
    }

    private void Refuse(string reason) => Sender.Tell(new Refused(new SandboxRefused(reason)), ActorRefs.NoSender);

    /// <summary>A request that has its turn already keeps it: its borrower returns what it does not need.</summary>
    private void Leave(ErrandId request)
    {
        foreach (var turn in _desk.Of(request))
        {
            Do(_turns.Leave(turn, new Cancelled("while it waited in line")));
        }
    }

    private void OnCancel(CancelErrand cancel)
    {
        if (_errand is not null && _desk.Of(cancel.Id).Any(_turns.IsTaken))
        {
            _errand.Cancel();
            // A request to cancel is lost when the server is between two statements at that moment: it is repeated until the errand is
            // over.
            Timers.StartPeriodicTimer(nameof(CancelDue), CancelDue.Instance, CancelAgainAfter);
        }
        Leave(cancel.Id);
        _streams.Cancel(cancel);
    }

    private void OnReturn(LeaseId lease)
    {
        Sender.Tell(new LeaseOver(lease));
        if (!_turns.IsTaken(TurnOf(lease)))
        {
            return;
        }
        if (_broke is { } cause)
        {
            _desk.Forget(TurnOf(lease));
            Lose(cause);
            return;
        }
        Return(TurnOf(lease));
    }

    private void Return(TurnId turn)
    {
        _desk.Forget(turn);
        Do(_turns.Return(turn));
    }

    private void OnErrandDone(ErrandDone done)
    {
        Timers.Cancel(nameof(CancelDue));
        _errand = null;
        if (!_turns.IsTaken(done.Turn))
        {
            return;
        }
        var asked = _desk[done.Turn];
        _kept = _kept.Keep(asked.Errand!, done.Outcome.Reply);
        asked.Who.Tell(done.Outcome.Reply, ActorRefs.NoSender);
        if (done.Outcome.Lost is { } cause)
        {
            _desk.Forget(done.Turn);
            Lose(cause);
            return;
        }
        Return(done.Turn);
    }

    private void OnLent(ConnectionLent lent)
    {
        _lent = lent;
        Context.Watch(lent.Owner);
        if (_turns.Phase == SandboxPhase.Over)
        {
            GiveUp(inUse: false);
            return;
        }
        _ = Link(lent).BeginAsync(_plan.Isolation).PipeTo(Self, success: static problem => new Begun(problem));
    }

    private void OnBegun(string? problem)
    {
        if (problem is null)
        {
            Do(_turns.Opened(Now));
        }
        else if (_turns.Phase == SandboxPhase.Opening)
        {
            Lose(problem);
        }
    }

    private void OnCleared(string? problem)
    {
        if (problem is not null)
        {
            Lose(problem);
        }
        Do(_turns.Cleared(problem is null, Now));
    }

    /// <summary>The lease of the real pool is over.</summary>
    private void OnGone(bool isOurs, string cause)
    {
        if (!isOurs)
        {
            return;
        }
        if (_lent is { } lent)
        {
            Context.Unwatch(lent.Owner);
        }
        _lent = null;
        Lose(cause);
        StopWhenClosed();
    }

    private void OnDied(IActorRef dead)
    {
        if (dead.Equals(_lent?.Owner))
        {
            OnGone(true, "its connection's actor died");
            return;
        }
        foreach (var turn in _desk.Of(dead))
        {
            if (_turns.IsTaken(turn))
            {
                // Whoever is stopped at work closes the connection.
                Lose($"{_turns.Holder!.Who} died while it had the connection");
            }
            Do(_turns.Leave(turn, new Cancelled("its borrower died")));
        }
    }

    private void Lose(string cause)
    {
        if (_turns.Phase != SandboxPhase.Over)
        {
            _log.Warning("The sandbox of pool {Pool} that {Opener} opened is lost: {Cause}", _plan.Pool, _plan.Opener, cause);
            Do(_turns.End(new SandboxOver(_plan.Pool, cause)));
        }
    }

    private void Do(SandboxDecision decision)
    {
        _turns = decision.Turns;
        foreach (var effect in decision.Effects)
        {
            Do(effect);
        }
        if (_turns.Due is { } due && Now.Until(due) is { } wait)
        {
            Timers.StartSingleTimer(nameof(Tick), Tick.Instance, wait);
        }
        else
        {
            Timers.Cancel(nameof(Tick));
        }
    }

    private void Do(ISandboxEffect effect)
    {
        switch (effect)
        {
            case SandboxEffects.Open:
                _plan.Lender.Tell(new AcquireConnection(Own, null, null, _plan.Opener, "a sandbox", [], Watched: true));
                break;
            case SandboxEffects.Give give: Give(give.Turn); break;
            case SandboxEffects.Clear: _ = Link(_lent!).ClearAsync().PipeTo(Self, success: static problem => new Cleared(problem)); break;
            case SandboxEffects.Refuse refuse: _desk.Forget(refuse.Turn)?.Who.Tell(new Refused(refuse.Failure), ActorRefs.NoSender); break;
            case SandboxEffects.Revoke revoke: Revoke(revoke.Turn, revoke.Failure); break;
            case SandboxEffects.GiveUp giveUp: GiveUp(giveUp.InUse); break;
            default: throw new InvalidOperationException($"unknown effect {effect}");
        }
    }

    private void Give(TurnId turn)
    {
        var (asked, lent) = (_desk[turn], _lent!);
        if (asked.Errand is not { } errand)
        {
            asked.Who.Tell(new ConnectionLent(_plan.Pool, LeaseOf(turn), lent.Wrapper, Self,
                lent.Backend) { Connection = lent.Connection });
        }
        else if (_kept.Find(errand, _plan.Pool) is { } before)
        {
            Self.Tell(new ErrandDone(turn, new(before)));
        }
        else
        {
            _errand = new(_plan.Work, SandboxErrand.TermsOf(errand), SessionId.Draw(), lent.Wrapper);
            _ = SandboxErrand.RunAsync(_errand, errand).PipeTo(Self, success: outcome => new ErrandDone(turn, outcome));
        }
    }

    private void Revoke(TurnId turn, Failure failure)
    {
        if (_desk.Forget(turn) is { } holder)
        {
            holder.Who.Tell(new Refused(holder.Errand is null ? new LeaseRevoked(_plan.Pool, LeaseOf(turn), failure.Message) : failure),
                ActorRefs.NoSender);
        }
    }

    /// <summary>Returning the connection rolls back what is open on it. One that is in use is taken away from whoever uses it.</summary>
    private void GiveUp(bool inUse)
    {
        if (_lent is not { } lent)
        {
            _plan.Lender.Tell(new WithdrawAcquire(Own));
        }
        else if (inUse)
        {
            _plan.Lender.Tell(new InvalidateLease(lent.Lease, Hard: true));
        }
        else
        {
            lent.Owner.Tell(new ReturnConnection(lent.Lease));
        }
    }

    private void StopWhenClosed()
    {
        if (_closing && _lent is null)
        {
            Context.Stop(Self);
        }
    }

    private SandboxRun Link(ConnectionLent lent) => new(_plan.Work, lent.Wrapper);

    private static LeaseId LeaseOf(TurnId turn) => new(turn.Number);

    private static TurnId TurnOf(LeaseId lease) => new(lease.Number);

    /// <inheritdoc/>
    protected override void PostStop() => _desk.RefuseAll(new SandboxOver(_plan.Pool, "it was stopped"));
}
