using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Errands;
using Npgsql;

namespace Broker.Connections;

/// <summary>
/// Owns one physical connection, and does one thing with it at a time: a trip of errands, a lease, a ping. It talks to its pool, to the
/// members of a trip (their answers do not pass through the pool) and to the holder of a lease. It never knows what a conversation is.
/// <para>
/// Connecting → Idle → (Busy | Lending → Lent → Returning | Pinging) → Idle ... → Closing. It dies after
/// <see cref="ConnectionEvents.Closed"/> or <see cref="ConnectionEvents.ConnectFailed"/>, never restarts, and whatever task is under way
/// when it is stopped closes the connection at its end.
/// </para>
/// </summary>
internal sealed class ConnectionActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan CancelAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly ConnectionId _id;
    private readonly IActorRef _pool;
    private readonly ConnectionPlan _plan;
    private readonly ConnectionTasks _tasks;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private Task? _underWay;
    private CloseReason? _closeWhenFree;
    private Trip? _trip;
    private LentOut? _lease;
    private IActorRef? _returner;
    private bool _closed;
    // Made once: a method group would be a new delegate at each turn.
    private readonly UntypedReceive _connecting, _idle, _busy, _lending, _lent, _returning, _pinging;
    private readonly Action<TripOutcome> _tripOver;

    public ConnectionActor(ConnectionId id, bool first, IActorRef pool, ConnectionPlan plan, TimeProvider time)
    {
        _id = id;
        _pool = pool;
        _plan = plan;
        (_connecting, _idle, _busy, _lending) = (Connecting, Idle, Busy, Lending);
        (_lent, _returning, _pinging) = (Lent, Returning, Pinging);
        var self = Self;
        _tasks = new(id, first, plan, time, () => self.Tell(EndProcess.Instance, ActorRefs.NoSender));
        _tripOver = outcome => self.Tell(new TripDone(outcome), ActorRefs.NoSender);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    /// <param name="id">Its name in the pool.</param>
    /// <param name="first">Whether it runs the first-connect hooks.</param>
    /// <param name="pool">Its pool.</param>
    /// <param name="plan">The pool's settings.</param>
    /// <param name="time">The clock.</param>
    internal static Props For(ConnectionId id, bool first, IActorRef pool, ConnectionPlan plan, TimeProvider time) =>
        Props.Create(() => new ConnectionActor(id, first, pool, plan, time));

    private sealed record ConnectDone(Failure? Failure, bool LeftBehind) : INoSerializationVerificationNeeded;
    private sealed record TripDone(TripOutcome Outcome) : INoSerializationVerificationNeeded;
    private sealed record TripOverdue(Trip Trip) : INoSerializationVerificationNeeded;
    private sealed record CancelDue(Trip Trip) : INoSerializationVerificationNeeded;
    private sealed record LendDone(NpgsqlConnection? Wrapper, Failure? Failure, CloseReason Reason) : INoSerializationVerificationNeeded;
    private sealed record TakenBack(CloseReason? Spoilt, string Cause, bool Clean = true) : INoSerializationVerificationNeeded;
    private sealed record PingDone(string? Problem) : INoSerializationVerificationNeeded;
    private sealed record TaskFailed(Exception Exception) : INoSerializationVerificationNeeded;
    private sealed record CloseDone(bool Clean) : INoSerializationVerificationNeeded;

    /// <summary>A wrapper in use cannot be closed from here: the server is to end its process.</summary>
    private sealed record EndProcess : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        internal static readonly EndProcess Instance = new();
    }

    /// <summary>A lease that is out.</summary>
    private sealed record LentOut(LeaseId Lease, IActorRef Borrower, NpgsqlConnection? Wrapper)
    {
        internal string? RevokedBecause { get; init; }
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Become(_connecting);
        Start(_tasks.ConnectAsync(), static done => new ConnectDone(done.Failure, done.LeftBehind));
    }

    private PoolId Pool => _plan.Pool;

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Unhandled(message);

    private void Connecting(object message)
    {
        switch (message)
        {
            case ConnectDone { Failure: null }:
                _log.Debug("Connection {Connection} of pool {Pool} is open on server process {BackendPid}", _id, Pool, _tasks.Backend.Pid);
                Become(_idle);
                _pool.Tell(new ConnectionEvents.Opened(_id, _tasks.Backend, _tasks.Defaults));
                CloseIfAsked();
                break;
            case ConnectDone { Failure: { } failure } failed:
                _closed = true;
                _pool.Tell(new ConnectionEvents.ConnectFailed(_id, failure) { LeftBehind = failed.LeftBehind ? _tasks.Backend : null });
                Context.Stop(Self);
                break;
            case ConnectionCommands.Close close:
                _closeWhenFree = close.Reason;
                _tasks.GiveUpConnecting();
                break;
            default: Stale(message); break;
        }
    }

    private void Idle(object message)
    {
        switch (message)
        {
            case ConnectionCommands.RunTrip run: OnRunTrip(run.Trip); break;
            case ConnectionCommands.Lend lend: OnLend(lend); break;
            case ConnectionCommands.Ping:
                Become(_pinging);
                Start(_tasks.PingAsync(), static problem => new PingDone(problem));
                break;
            case ConnectionCommands.Close close: StartClosing(close.Reason, clean: true); break;
            default: Stale(message); break;
        }
    }

    private void OnRunTrip(Trip trip)
    {
        _trip = trip;
        Become(_busy);
        if (trip.Members.Length > 1)
        {
            Timers.StartSingleTimer(nameof(TripOverdue), new TripOverdue(trip), _plan.TripLimit);
        }
        StartTrip(trip);
    }

    private void Busy(object message)
    {
        switch (message)
        {
            case TripDone done: OnTripDone(done.Outcome); break;
            case TripOverdue overdue when ReferenceEquals(overdue.Trip, _trip):
                _log.Info("Trip of {Members} statements on {Connection} of pool {Pool} is overdue; its members run alone",
                    _trip.Members.Length, _id, Pool);
                StartCancelling();
                break;
            case ConnectionCommands.CancelErrand cancel when _trip is { Members: [var alone] } && alone.Request.Id == cancel.Errand:
                StartCancelling();
                break;
            case ConnectionCommands.CutShort: StartCancelling(); break;
            case CancelDue due when ReferenceEquals(due.Trip, _trip): _tasks.CancelTrip(); break;
            case ConnectionCommands.Close close: _closeWhenFree = close.Reason; break;
            default: Stale(message); break;
        }
    }

    // A request to cancel is lost when the server is between two statements at that moment: it is repeated until the trip is over.
    private void StartCancelling()
    {
        Timers.StartPeriodicTimer(nameof(CancelDue), new CancelDue(_trip!), CancelAgainAfter);
        _tasks.CancelTrip();
    }

    private void OnTripDone(TripOutcome outcome)
    {
        if (Timers.IsTimerActive(nameof(CancelDue)))
        {
            Timers.Cancel(nameof(CancelDue));
        }
        if (_trip!.Members.Length > 1)
        {
            Timers.Cancel(nameof(TripOverdue));
        }
        _trip = null;
        switch (outcome)
        {
            case TripOutcome.Clean clean:
                Become(_idle);
                _pool.Tell(new ConnectionEvents.TripEnded(_id, clean.Report));
                CloseIfAsked();
                break;
            case TripOutcome.Unusable unusable:
                _log.Warning("Connection {Connection} of pool {Pool} is given up: {Cause}", _id, Pool, unusable.Cause);
                _pool.Tell(new ConnectionEvents.TripEnded(_id, unusable.Report) { Closing = true });
                StartClosing(unusable.Reason, clean: unusable.Reason == CloseReason.Breach);
                break;
            case TripOutcome.InDoubt inDoubt:
                _log.Warning("Connection {Connection} of pool {Pool} was lost at COMMIT: {Cause}", _id, Pool, inDoubt.Cause);
                _pool.Tell(new ConnectionEvents.TripInDoubt(_id, inDoubt.Report, inDoubt.Doubt, _tasks.Backend, inDoubt.Cause));
                StartClosing(CloseReason.Broken, clean: false);
                break;
        }
    }

    private void OnLend(ConnectionCommands.Lend lend)
    {
        _lease = new(lend.Lease, lend.Borrower, null);
        Become(_lending);
        Start(_tasks.LendAsync(lend.Ping), static lent => new LendDone(lent.Wrapper, lent.Failure, lent.Reason));
    }

    private void Lending(object message)
    {
        switch (message)
        {
            case LendDone { Wrapper: { } wrapper }: OnLent(wrapper); break;
            case LendDone failed:
                _pool.Tell(new ConnectionEvents.LendFailed(_id, _lease!.Lease, failed.Failure!));
                StartClosing(failed.Reason, clean: failed.Reason == CloseReason.HookFailed);
                break;
            case ConnectionCommands.Revoke revoke when revoke.Lease == _lease!.Lease:
                _lease = _lease with { RevokedBecause = revoke.Reason };
                break;
            case ConnectionCommands.Close close: _closeWhenFree = close.Reason; break;
            default: Stale(message); break;
        }
    }

    private void OnLent(NpgsqlConnection wrapper)
    {
        _lease = _lease! with { Wrapper = wrapper };
        Become(_lent);
        if (_lease.RevokedBecause is { } reason)
        {
            StartRevoking(reason);
        }
        else
        {
            _lease.Borrower.Tell(new ConnectionLent(Pool, _lease.Lease, wrapper, Self, _tasks.Backend) { Connection = _id });
        }
    }

    private void StartRevoking(string reason)
    {
        _log.Warning("Lease {Lease} on {Connection} of pool {Pool} is revoked: {Reason}", _lease!.Lease, _id, Pool, reason);
        // At once, before its next call fails: so that it need not find out by itself.
        _lease.Borrower.Tell(new Refused(new LeaseRevoked(Pool, _lease.Lease, reason)), ActorRefs.NoSender);
        Become(_returning);
        Start(_tasks.RevokeAsync(_lease.Wrapper!), static over => new TakenBack(CloseReason.HolderLost, over.Cause, over.Clean));
    }

    private void Lent(object message)
    {
        switch (message)
        {
            case ReturnConnection back when back.Lease == _lease!.Lease: OnReturn(); break;
            case ConnectionCommands.Revoke revoke when revoke.Lease == _lease!.Lease: StartRevoking(revoke.Reason); break;
            case ConnectionCommands.Close close: _closeWhenFree = close.Reason; break;
            default: Stale(message); break;
        }
    }

    private void OnReturn()
    {
        _returner = Sender;
        Become(_returning);
        Start(_tasks.TakeBackAsync(_lease!.Wrapper!), static taken => new TakenBack(taken.Spoilt, taken.Cause));
    }

    private void Returning(object message)
    {
        switch (message)
        {
            case TakenBack { Spoilt: null }:
                // The pool first: who hears that it is over may ask for it again at once.
                _pool.Tell(new ConnectionEvents.Returned(_id, _lease!.Lease));
                TellOver();
                _lease = null;
                Become(_idle);
                CloseIfAsked();
                break;
            case TakenBack { Spoilt: { } reason } taken:
                TellOver();
                _log.Debug("Connection {Connection} of pool {Pool} came back spoilt: {Reason} {Cause}", _id, Pool, reason, taken.Cause);
                StartClosing(reason, clean: taken.Clean && reason is not (CloseReason.Broken or CloseReason.ResetTimedOut));
                break;
            case EndProcess: Context.Watch(Context.ActorOf(ProcessEnder.For(_plan, _tasks.Backend))); break;
            case Terminated: _tasks.ProcessEnded(); break;
            case ConnectionCommands.Close close: _closeWhenFree = close.Reason; break;
            default: Stale(message); break;
        }
    }

    private void Pinging(object message)
    {
        switch (message)
        {
            case PingDone { Problem: null }:
                Become(_idle);
                _pool.Tell(new ConnectionEvents.Pinged(_id));
                CloseIfAsked();
                break;
            case PingDone failed:
                _log.Info("Connection {Connection} of pool {Pool} did not answer its ping: {Problem}", _id, Pool, failed.Problem);
                StartClosing(CloseReason.PingFailed, clean: false);
                break;
            case ConnectionCommands.Close close: _closeWhenFree = close.Reason; break;
            default: Stale(message); break;
        }
    }

    private void TellOver()
    {
        _returner?.Tell(new LeaseOver(_lease!.Lease), ActorRefs.NoSender);
        _returner = null;
    }

    private void StartClosing(CloseReason reason, bool clean)
    {
        Become(Closing(reason, clean));
        Start(_tasks.CloseAsync(reason), static inOrder => new CloseDone(inOrder));
    }

    private UntypedReceive Closing(CloseReason reason, bool clean) => message =>
    {
        switch (message)
        {
            case CloseDone done:
                _closed = true;
                _log.Debug("Connection {Connection} of pool {Pool} is closed: {Reason}", _id, Pool, reason);
                _pool.Tell(new ConnectionEvents.Closed(_id, reason, clean && done.Clean, _tasks.Backend));
                ProcessEnder.StopBehind(Context);
                break;
            case Terminated when _closed: ProcessEnder.StopBehind(Context); break;
            case ConnectionCommands.RunTrip run:
                // The pool sent it before it knew: nothing of it was sent, so all of it may go elsewhere.
                var unsent = new TripReport(run.Trip, TimeSpan.Zero, TimeSpan.Zero, 0, run.Trip.Members);
                _pool.Tell(new ConnectionEvents.TripEnded(_id, unsent) { Closing = true });
                break;
            case ConnectionCommands.Lend lend:
                var lost = new ConnectionLost(Pool, $"the connection is closing ({reason})");
                _pool.Tell(new ConnectionEvents.LendFailed(_id, lend.Lease, lost));
                break;
            default: Stale(message); break;
        }
    };

    private void CloseIfAsked()
    {
        if (_closeWhenFree is { } reason)
        {
            StartClosing(reason, clean: true);
        }
    }

    /// <summary>Late messages of a lease or trip that is over are dropped; anything else is a mistake, and unhandled.</summary>
    private void Stale(object message)
    {
        switch (message)
        {
            case ReturnConnection back: Sender.Tell(new LeaseOver(back.Lease), ActorRefs.NoSender); break;
            case ConnectionCommands.Revoke or ConnectionCommands.CancelErrand or ConnectionCommands.CutShort: break;
            case TripOverdue or CancelDue or ConnectionCommands.Close or EndProcess or Terminated: break;
            // The tasks turn what can be foreseen into results; what is left is a bug: die, and let the pool see it.
            case TaskFailed failed: throw new ConnectionActorFailedException(failed.Exception);
            default: Unhandled(message); break;
        }
    }

    private void Start<T>(Task<T> task, Func<T, object> done)
    {
        _underWay = task;
        _ = task.PipeTo(Self, success: done, failure: static exception => new TaskFailed(exception));
    }

    // Not PipeTo: the actor must hear of the end before the callers do.
    private void StartTrip(Trip trip)
    {
        _underWay = _tasks.RunAsync(trip, _tripOver);
        _ = _underWay.ContinueWith(static (task, self) => ((IActorRef)self!).Tell(new TaskFailed(task.Exception!), ActorRefs.NoSender),
            Self, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        if (_closed)
        {
            _tasks.Dispose();
            return;
        }
        if (_trip is not null)
        {
            _tasks.CancelTrip();
        }
        _ = _tasks.AbandonAsync(_underWay, onTrip: _trip is not null, Self);
    }

    private sealed class ConnectionActorFailedException(Exception cause) : Exception("a task of the connection failed unforeseen", cause);
}
