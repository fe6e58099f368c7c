using Akka.Actor;
using Akka.Event;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Errands;
using Broker.Leases;
using Broker.Pools.Decisions;
using Broker.Settlement;
using Broker.Streams;

namespace Broker.Pools;

/// <summary>
/// Owns the slots of one (database, user) pair: a thin shell around <see cref="PoolState"/>, which decides, and <see cref="ErrandLine"/>,
/// which packs. It talks to its connections, to the budget of its server and to whoever asks; no row and no SQL of a lease passes through
/// it. Children are its connections; one that dies unforeseen counts as broken. When the pool itself fails, its connections go with it,
/// everybody who waits is told, and it begins anew with none.
/// </summary>
internal sealed class PoolSupervisor : UntypedActor
{
    private readonly PoolPlans _plans;
    private readonly ErrandDesk _errands;
    private readonly ErrandLine _line;
    private readonly LeaseDesk _desk;
    private readonly SlotDesk _slots;
    private readonly ConnectionDesk _connections;
    private readonly StreamDesk _streams;
    private readonly PoolTelemetry _telemetry;
    private readonly ErrandTally _tally;
    private readonly PoolReport _report;
    private readonly GhostInquiries _ghosts = new();
    private readonly PermitDesk _permits;
    private readonly FirstConnect _first = new();
    private readonly PoolAlarm _alarm;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly long _started;
    private PoolState _state;
    private IActorRef? _stopAskedBy;
    private bool _pumpIsDue;

    public PoolSupervisor(PoolPlans plans)
    {
        var plan = plans.Now;
        _plans = plans;
        _permits = new(plan.Budget, Self);
        _started = plan.Time.GetTimestamp();
        _state = plan.Numbers.Begin(new(plan.Pool, plan.Settings, new Dice(plan.Seed)) { FirstConnectDue = plan.HasFirstConnect });
        _telemetry = plan.Meter.ForPool(plan.Pool, plan.Settings);
        _tally = new(plan, _telemetry, _log);
        _report = new(plan, _telemetry, _log);
        _errands = new(plan, _telemetry, _tally, Context);
        _line = _errands.Line;
        _desk = new(Context);
        _slots = new(plans, _desk, _started);
        _connections = new(plans, Context);
        _streams = new(StreamPlan.Of(plan.Pool, plan.Settings, plan.Errands), () => plans.Now.Listener(), Context);
        _alarm = new(plan.Time, Self);
    }

    /// <summary>How to make one.</summary>
    internal static Props For(PoolPlan plan)
    {
        var plans = new PoolPlans(plan);
        return Props.Create(() => new PoolSupervisor(plans));
    }

    /// <summary>Comes behind the errands that are in the mailbox already, so that they share the trip.</summary>
    private sealed record Pump : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        internal static readonly Pump Instance = new();
    }

    private PoolPlan Plan => _plans.Now;

    private TimeSpan Now => Plan.Time.GetElapsedTime(_started);

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case RunErrand errand: OnErrand(errand); break;
            case Pump when _line.IsGathering(): Self.Tell(Pump.Instance, ActorRefs.NoSender); break;
            case Pump: _pumpIsDue = false; OnPump(); break;
            case ConnectionEvents.TripEnded ended: OnTripEnded(ended); break;
            case AcquireConnection acquire: OnAcquire(acquire); break;
            case IConnectionEvent happened: OnConnection(happened); break;
            case ProbeAnswered answered: _permits.Answer(answered.Probe, _ghosts.Read(answered)); break;
            case IBudgetEvent happened when !_permits.Takes(happened, Sender): break;
            case BudgetEvents.ProbeGhosts probe: _ghosts.Ask(probe, _line, Context); PumpSoon(); break;
            case IBudgetEvent happened: Do(_state.On(happened, Now)); _first.Hear(happened, Plan.Pool); break;
            case CancelErrand cancel: OnCancel(cancel); break;
            case RunErrandsAgain again:
                _tally.RunAgain(again.Errands.Length);
                _line.AddAgain(again.Errands);
                PumpSoon();
                break;
            case PoolAlarm.Rang: OnAlarm(); break;
            default: OnControl(message); break;
        }
    }

    private void OnControl(object message)
    {
        switch (message)
        {
            case WithdrawErrand withdraw: _errands.Withdraw(withdraw.Errand); break;
            case LedgerPruner.KeyTaken: _errands.TellPruner(); break;
            case WithdrawAcquire withdraw: OnWithdrawn(withdraw.Request, "its borrower gave up"); break;
            case AcquireSlot acquire: Do(_state.On(_slots.Enter(acquire, Sender, Now), Now)); break;
            case NameSlot named: Do(_state.On(new PoolEvents.SlotNamed(named.Lease, named.Backend), Now)); break;
            case ReturnSlot back: Do(_state.On(_slots.Back(back, Sender), Now)); break;
            case InvalidateLease invalid: Do(_state.On(new PoolEvents.LeaseInvalidated(invalid.Lease, invalid.Hard), Now)); break;
            case LeaseSeenBroken broken: Do(_state.On(new PoolEvents.LeaseBroke(broken.Lease), Now)); break;
            case DetachLease detach: Do(_state.On(new PoolEvents.LeaseDetached(detach.Lease), Now)); break;
            case ForgetLease forgotten: OnForgotten(forgotten.Lease); break;
            case GetPoolStatus: Sender.Tell(_state.Status(_line.Waiting, Plan.HoldersShown, Now)); break;
            case InvalidatePool invalidate:
                Do(_state.On(new PoolEvents.Invalidated(invalidate.Hard), Now));
                _streams.TellListener(invalidate);
                Sender.Tell(new PoolInvalidated(_state.Generation));
                break;
            case SuspendPool:
                Do(_state.On(PoolEvents.Suspended.Instance, Now));
                Sender.Tell(new PoolSuspended(Plan.Pool));
                break;
            case ResumePool:
                Do(_state.On(PoolEvents.Resumed.Instance, Now));
                Sender.Tell(new PoolResumed(Plan.Pool));
                break;
            case PoolCommands.FollowLinks: _plans.Follow(Sender); break;
            case PoolCommands.ChangePlan change: OnChange(change.Plan); break;
            case PoolCommands.OpenFirst: _first.Ask(Sender, _state); Do(_state.On(PoolEvents.WarmUp.Instance, Now)); break;
            case PoolCommands.WarmUp: Do(_state.On(PoolEvents.WarmUp.Instance, Now)); break;
            case PoolCommands.StopPool stop:
                _stopAskedBy = Sender;
                _streams.TellListener(stop);
                Do(_state.On(new PoolEvents.Stop(stop.Drain), Now));
                break;
            case SettleCommit settle:
                var asker = Sender;
                Settle(settle.Doubt, outcome => asker.Tell(new CommitSettled(outcome), ActorRefs.NoSender));
                break;
            case OpenStream stream: _streams.Open(stream, Sender); break;
            case StartListening or StopListening: _streams.Listen(message, Sender); break;
            case Terminated dead: OnDied(dead.ActorRef); PumpSoon(); break;
            default: Unhandled(message); break;
        }
    }

    private void OnErrand(RunErrand errand)
    {
        if (_errands.Take(errand, Sender, _state))
        {
            PumpSoon();
        }
    }

    private void PumpSoon()
    {
        if (!_pumpIsDue)
        {
            _pumpIsDue = true;
            Self.Tell(Pump.Instance, ActorRefs.NoSender);
        }
    }

    /// <summary>Sends off as many trips as there are lanes and connections for, then tells the pool what more it could use.</summary>
    private void OnPump()
    {
        _line.CanHave(_state.MostForTrips(Plan.MostTrips));
        while (_state.MayHaveForTrips() && _line.OldestReady is { } oldest)
        {
            var (decision, taken) = _state.TakeForTrip(Plan.Time.GetElapsedTime(_started, oldest), Now);
            Do(decision);
            if (taken is not { } connection || _line.Next() is not { } trip)
            {
                break;
            }
            _line.Started(connection, trip);
            _tally.Sent(trip);
            _ghosts.Sent(trip, _state.Slots.Find(connection)?.Backend?.Server);
            _connections.Run(connection, trip);
        }
        // The age counts too: one that is out of date would let errands go before leases that are older than all of them.
        var wanted = _line.Wanted;
        var since = _line.Oldest is { } waiting ? Plan.Time.GetElapsedTime(_started, waiting) : Now;
        if (wanted != _state.Errands.Wanted || (wanted > 0 && since != _state.Errands.Oldest))
        {
            Do(_state.On(new PoolEvents.ErrandsWaiting(wanted, since), Now));
        }
        if (_line.WakesIn is { } wait)
        {
            _alarm.SetSecond(wait);
        }
        _telemetry.CountsChanged(_state.Counts(_line.Waiting));
    }

    private void OnTripEnded(ConnectionEvents.TripEnded ended)
    {
        _tally.Ended(ended.Connection, ended.Report, inDoubt: false);
        _line.Ended(ended.Connection, ended.Report);
        _telemetry.WidthChanged(_line.Width);
        if (!ended.Closing)
        {
            Do(_state.On(ended, Now));
        }
        PumpSoon();
    }

    private void OnCancel(CancelErrand cancel)
    {
        if (_errands.Cancel(cancel.Id) is { } connection)
        {
            _connections.Tell(connection, new ConnectionCommands.CancelErrand(cancel.Id));
        }
        _streams.Cancel(cancel);
    }

    private void OnAcquire(AcquireConnection acquire)
    {
        var waiter = _desk.Enter(acquire, Sender);
        Do(_state.On(new PoolEvents.AcquireRequested(
            waiter, Now.After(acquire.Wait ?? Plan.Settings.AcquireTimeout), acquire.Queueing ?? Plan.Settings.Queueing,
            acquire.Holder, acquire.Purpose, acquire.Held), Now));
    }

    private void OnWithdrawn(ErrandId request, string reason)
    {
        if (_desk.Of(request) is not { } waiter)
        {
            return;
        }
        Do(_state.On(new PoolEvents.AcquireWithdrawn(waiter, reason), Now));
        if (_desk.LeaseOf(waiter) is null)
        {
            _desk.Refuse(waiter, new Client.Protocol.Failures.Cancelled("while it waited in line"));
        }
    }

    private void OnForgotten(LeaseId lease)
    {
        if (_state.StatusOf(lease, Now) is { } leaked)
        {
            _report.Forgotten(leaked);
            Do(_state.On(new PoolEvents.HolderDied(lease), Now));
        }
    }

    private void OnConnection(IConnectionEvent happened)
    {
        switch (happened)
        {
            case ConnectionEvents.Opened opened:
                if (_errands.Texts.Presume(opened.Defaults) is { } words)
                {
                    _log.Warning("Pool {Pool} does not pack everything: {Reason}", Plan.Pool, words);
                }
                break;
            case ConnectionEvents.TripInDoubt doubt:
                _tally.Ended(doubt.Connection, doubt.Report, inDoubt: true);
                _line.Ended(doubt.Connection, doubt.Report);
                var trip = new SettledTrip(Plan.Pool, doubt, Self, _tally.Answered);
                Settle(trip.InDoubt, trip.Tell, $"settle-{doubt.Connection}");
                return;
            case ConnectionEvents.Closed or ConnectionEvents.ConnectFailed: Gone(happened.Connection); break;
        }
        _report.Of(happened);
        Do(_state.On(happened, Now));
    }

    private void Settle(CommitInDoubt doubt, Action<SettledOutcome> tell, string? name = null) =>
        Context.ActorOf(CommitSettler.For(_plans.SettlerOf(doubt.Backend, _telemetry.Settled), doubt, tell), name);

    private void Gone(ConnectionId connection)
    {
        _connections.Forget(connection);
        // A trip that was handed to it when it had closed already reached nobody, least of all the server.
        _line.AddAgain(_line.Lost(connection));
        PumpSoon();
    }

    private void OnDied(IActorRef actor)
    {
        if (_connections.Of(actor) is { } connection)
        {
            OnConnectionDied(connection);
            return;
        }
        _plans.Unfollow(actor);
        // A borrower, then: what it waits for is withdrawn, and what it holds is called back. Links in its slots have closed with it.
        if (_desk.NumberOf(actor) is { } holder)
        {
            Do(_state.On(new PoolEvents.SlotHolderDied(holder), Now));
        }
        foreach (var request in _desk.RequestsOf(actor))
        {
            OnWithdrawn(request, "its borrower died");
        }
    }

    /// <summary>A connection's actor died without a word: what it carried is lost with it, and a holder is told.</summary>
    private void OnConnectionDied(ConnectionId connection)
    {
        _log.Error("Connection {Connection} of pool {Pool} died unforeseen", connection, Plan.Pool);
        _errands.LoseWith(connection);
        if (_state.Slots.Find(connection) is { Lending: { } lending })
        {
            _desk.HolderOf(lending.Lease)?.Ref.Tell(new Refused(new Client.Protocol.Failures.ConnectionLost(Plan.Pool, "its actor died")));
        }
        OnConnection(new ConnectionEvents.Closed(connection, CloseReason.Broken, Clean: false, Backend: null));
    }

    /// <summary>What the state forgets of the former budget it says to that, before the new one is there to be asked.</summary>
    private void OnChange(PoolPlan plan)
    {
        var outdates = !plan.HasTargetOf(Plan);
        if (_permits.IsOther(plan.Budget))
        {
            Do(_state.On(PoolEvents.BudgetLeft.Instance, Now));
            _permits.Move(plan.Budget);
            _ghosts.Forget();
        }
        _plans.Replace(plan, outdates ? _state.Slots.All.Select(static slot => slot.Backend).OfType<BackendIdentity>() : []);
        _errands.Change(plan);
        _streams.Change(plan, outdates);
        _telemetry.Gauges.Publish(plan.Settings);
        Do(_state.On(new PoolEvents.SettingsChanged(plan.Settings, outdates), Now));
    }

    private void OnAlarm()
    {
        _alarm.HasRung();
        Do(_state.On(PoolEvents.Tick.Instance, Now));
        _errands.Expire(_state);
        OnPump();
    }

    private void Do(PoolDecision decision)
    {
        _state = decision.State;
        foreach (var effect in decision.Effects)
        {
            Do(effect);
        }
        if (!decision.Effects.IsEmpty)
        {
            _telemetry.CountsChanged(_state.Counts(_line.Waiting));
        }
    }

    private void Do(IPoolEffect effect)
    {
        _report.Of(effect, _desk);
        switch (effect)
        {
            case PoolEffects.Lend e: _connections.Lend(e, _desk.Lend(e.Waiter, e.Lease).Ref); break;
            case PoolEffects.PumpErrands: PumpSoon(); break;
            case PoolEffects.LeaseEnded e: _desk.End(e.Lease); break;
            case PoolEffects.Refuse e: _desk.Refuse(e.Waiter, e.Failure); break;
            case PoolEffects.LendUndone e: _desk.Undo(e.Lease); break;
            case PoolEffects.Open e: _connections.Open(e); break;
            case PoolEffects.Close e: _connections.Tell(e.Connection, new ConnectionCommands.Close(e.Reason)); break;
            case PoolEffects.CutShort e: _connections.Tell(e.Connection, ConnectionCommands.CutShort.Instance); break;
            case PoolEffects.Ping e: _connections.Tell(e.Connection, ConnectionCommands.Ping.Instance); break;
            case PoolEffects.Revoke e: _connections.Tell(e.Connection, new ConnectionCommands.Revoke(e.Lease, e.Reason)); break;
            case ISlotEffect e: _slots.Do(e, Self); break;
            case IBudgetEffect e: _permits.Do(e, Plan); break;
            case PoolEffects.RefuseErrands e: _errands.RefuseAll(e.Failure); break;
            case PoolEffects.Connected: _first.Tell(new FirstOpened(Plan.Pool)); break;
            case PoolEffects.ConnectsFailing e: _first.Tell(new Refused(e.Failure)); break;
            case PoolEffects.ReportLeak: break;
            case PoolEffects.WakeAt e: _alarm.SetFirst(Now.Until(e.Moment)); break;
            case PoolEffects.Stopped:
                _stopAskedBy?.Tell(new PoolStopped(Plan.Pool));
                Context.Stop(Self);
                break;
            default: throw new InvalidOperationException($"unknown effect {effect}");
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        var failure = new Client.Protocol.Failures.BrokerStopping($"pool {Plan.Pool}");
        _errands.RefuseAll(failure);
        _desk.EndAll(failure, new Client.Protocol.Failures.ConnectionLost(Plan.Pool, "its pool ended"));
        Plan.Numbers.Keep(_state);
        _first.Tell(new Refused(failure));
        _permits.Leave();
        _alarm.Dispose();
        _telemetry.Dispose();
    }
}
