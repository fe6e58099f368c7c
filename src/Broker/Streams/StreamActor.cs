using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Leases;

namespace Broker.Streams;

/// <summary>
/// Owns one stream: borrows a connection of its pool like anybody else, runs one statement on it, and passes chunks on as its caller asks
/// for them, so that memory stays constant whatever the caller's pace. It talks to its pool, to the connection it borrowed, and to the
/// caller.
/// <para>
/// Waiting → Opening → Open → Ending → Returning. Whatever ends a stream (its end, an error, CloseStream, the caller's death or silence, a
/// lease called back) goes through Ending, where the connection is brought to rest. The caller hears the end when the connection has gone
/// back. When the actor is stopped from outside, the task under way is cancelled and closes the connection at its end.
/// </para>
/// </summary>
internal sealed class StreamActor : UntypedActor, IWithTimers
{
    private readonly StreamPlan _plan;
    private readonly OpenStream _request;
    private readonly IActorRef _caller;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private ConnectionLent? _lent;
    private StreamRun? _run;
    private Task? _underWay;
    private int _allowed;
    private IBrokerReply? _end;
    private bool _cancelAsked;
    private bool _ownerIsGone;
    private bool _over;

    public StreamActor(StreamPlan plan, OpenStream request, IActorRef caller) => (_plan, _request, _caller) = (plan, request, caller);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    /// <param name="plan">The pool's settings.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="caller">Who asked, and gets the chunks.</param>
    internal static Props For(StreamPlan plan, OpenStream request, IActorRef caller) =>
        Props.Create(() => new StreamActor(plan, request, caller));

    private sealed record PieceDone(StreamPiece Piece) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record PieceFailed(Exception Exception) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record AtRest(LeftBehind Connection) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record Stalled : INoSerializationVerificationNeeded
    {
        internal static readonly Stalled Instance = new();
    }

    private sealed record CleanUpOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly CleanUpOverdue Instance = new();
    }

    private bool IsCopyIn => _request.Source is CopyIn;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        if (StreamText.Refusal(_request) is { } refusal)
        {
            End(new Refused(refusal));
            return;
        }
        Context.Watch(_caller);
        Become(Waiting);
        var purpose = _request.Source switch { CopyIn => "copies in", CopyOut => "copies out", _ => "streams rows" };
        Context.Parent.Tell(new AcquireConnection(_request.Id, _request.Limits.Wait, null, $"stream {_request.Id}", purpose, [],
            Watched: true));
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Unhandled(message);

    private void Waiting(object message)
    {
        switch (message)
        {
            case ConnectionLent lent: OnLent(lent); break;
            case Refused refused: End(refused); break;
            // The pool hears of our end, and takes the request out of its line.
            case CancelErrand: End(new Refused(new Cancelled("while it waited in line"))); break;
            case Terminated: End(null); break;
            default: Unhandled(message); break;
        }
    }

    private void OnLent(ConnectionLent lent)
    {
        _lent = lent;
        _run = StreamRun.For(_plan, _request, lent.Wrapper);
        Context.Watch(lent.Owner);
        Become(Opening);
        Start(_run.OpenAsync());
    }

    private void Opening(object message)
    {
        switch (message)
        {
            case PieceDone:
                _underWay = null;
                Become(Open);
                Tell(new StreamOpened(_request.Id, Self) { OnlyReads = StreamText.OnlyReads(_request.Source) });
                WaitForCaller();
                break;
            case CancelErrand: StartEnding(new Refused(new Cancelled("on the server; it had no effect"))); break;
            default: OnEndOf(message); break;
        }
    }

    private void Open(object message)
    {
        switch (message)
        {
            case DemandChunks demand when !IsCopyIn:
                _allowed = (int)Math.Min((long)_allowed + Math.Max(0, demand.Count), _plan.Stream.ChunksAhead);
                ReadOn();
                break;
            case SendCopyData data when IsCopyIn && _underWay is null: Start(_run!.NextAsync(data.Bytes)); break;
            case FinishCopy when IsCopyIn && _underWay is null: Start(_run!.FinishAsync()); break;
            case SendCopyData or FinishCopy:
                StartEnding(new Refused(new StatementRefused("data came that was not asked for", _request.Source.Statement.Text)));
                break;
            case PieceDone done: OnPiece(done.Piece); break;
            case Stalled when _underWay is null:
                StartEnding(new Refused(new StreamStalled(_plan.Pool, _plan.Stream.IdleLimit ?? default)));
                break;
            case CancelErrand or Stalled: break;
            default: OnEndOf(message); break;
        }
    }

    private void OnPiece(StreamPiece piece)
    {
        _underWay = null;
        if (piece.Reply is { } reply)
        {
            _allowed--;
            Tell(reply);
        }
        switch (piece.Next)
        {
            case WhatFollows.More: ReadOn(); break;
            case WhatFollows.Finish: Start(_run!.FinishAsync()); break;
            case WhatFollows.Nothing: StartEnding(new StreamEnded(_request.Id, piece.Rows)); break;
        }
    }

    private void ReadOn()
    {
        if (_underWay is null && _allowed > 0 && !IsCopyIn)
        {
            Start(_run!.NextAsync(default));
        }
        else if (_underWay is null)
        {
            WaitForCaller();
        }
    }

    private void WaitForCaller()
    {
        if (_plan.Stream.IdleLimit is { } limit)
        {
            Timers.StartSingleTimer(nameof(Stalled), Stalled.Instance, limit);
        }
    }

    /// <summary>What ends a stream whatever it is doing.</summary>
    private void OnEndOf(object message)
    {
        switch (message)
        {
            case PieceFailed failed:
                _underWay = null;
                StartEnding(new Refused(_run!.Failed(failed.Exception)));
                break;
            case CloseStream: StartEnding(null); break;
            // Called back by the pool, or lost with its connection's actor.
            case Refused refused: StartEnding(new Refused(_run!.Abandoned(refused.Failure))); break;
            case Terminated dead when dead.ActorRef.Equals(_lent!.Owner):
                StartEnding(new Refused(_run!.Abandoned(new ConnectionLost(_plan.Pool, "its connection's actor died"))));
                break;
            case Terminated: StartEnding(null); break;
            default: Unhandled(message); break;
        }
    }

    private void StartEnding(IBrokerReply? end)
    {
        _end = end;
        Timers.Cancel(nameof(Stalled));
        Timers.StartSingleTimer(nameof(CleanUpOverdue), CleanUpOverdue.Instance, _plan.CleanUpLimit);
        Become(Ending);
        if (_underWay is null)
        {
            BringToRest();
        }
        else if (!_run!.Cancel())
        {
            _cancelAsked = true;
            Context.Parent.Tell(new RunErrand(
                new(_request.Id.Client, -_request.Id.Number), new("select pg_cancel_backend($1)", [new Parameter<int>(_lent!.BackendPid)]),
                    CallerContext.None, ErrandLimits.Default));
        }
    }

    private void Ending(object message)
    {
        switch (message)
        {
            case PieceDone done:
                // It was complete before it could be stopped.
                _end = done.Piece.Next == WhatFollows.Nothing ? new StreamEnded(_request.Id, done.Piece.Rows) : _end;
                OnStepOver();
                break;
            case PieceFailed failed:
                _run!.Failed(failed.Exception);
                OnStepOver();
                break;
            // The errand that cancels is over: from now on no request of it is on its way.
            case Refused { Failure: LeaseRevoked }: break;
            case ErrandCompleted or Refused when _cancelAsked:
                _cancelAsked = false;
                if (_underWay is null)
                {
                    BringToRest();
                }
                break;
            case AtRest rest: GiveBack(rest.Connection); break;
            case Terminated dead when dead.ActorRef.Equals(_lent!.Owner): _ownerIsGone = true; break;
            case CleanUpOverdue:
                _log.Warning("Stream {Stream} of pool {Pool} does not come to rest within {Limit}; its connection is cut off", _request.Id,
                    _plan.Pool, _plan.CleanUpLimit);
                Context.Parent.Tell(new InvalidateLease(_lent!.Lease, Hard: true));
                End(_end is Refused refused ? new Refused(_run!.Abandoned(refused.Failure)) : _end);
                break;
        }
    }

    private void OnStepOver()
    {
        _underWay = null;
        if (!_cancelAsked)
        {
            BringToRest();
        }
    }

    private void BringToRest()
    {
        var rest = _run!.CloseAsync();
        _underWay = rest;
        _ = rest.PipeTo(Self, success: static left => new AtRest(left));
    }

    private void GiveBack(LeftBehind connection)
    {
        _underWay = null;
        if (connection.State != LeftAs.Clean)
        {
            _log.Info("Stream {Stream} leaves the connection of lease {Lease} of pool {Pool} {State}: {Cause}", _request.Id, _lent!.Lease,
                _plan.Pool, connection.State, connection.Cause);
        }
        if (connection.State == LeftAs.Broken)
        {
            Context.Parent.Tell(new LeaseSeenBroken(_lent!.Lease));
        }
        else if (connection.State == LeftAs.Spoilt)
        {
            Context.Parent.Tell(new InvalidateLease(_lent!.Lease, Hard: false));
        }
        if (_ownerIsGone)
        {
            // There is nobody to return it to; closing the wrapper is left to who is stopped with it.
            End(_end);
            return;
        }
        Become(Returning);
        _lent!.Owner.Tell(new ReturnConnection(_lent.Lease));
    }

    private void Returning(object message)
    {
        if (message is LeaseOver || (message is Terminated dead && dead.ActorRef.Equals(_lent!.Owner)))
        {
            _lent = null;
            End(_end);
        }
    }

    private void Start(Task<StreamPiece> step)
    {
        Timers.Cancel(nameof(Stalled));
        _underWay = step;
        _ = step.PipeTo(Self, success: static piece => new PieceDone(piece), failure: static exception => new PieceFailed(exception));
    }

    private void Tell(IBrokerReply reply) => _caller.Tell(reply, Self);

    private void End(IBrokerReply? end)
    {
        _over = true;
        if (end is not null)
        {
            Tell(end);
        }
        Context.Stop(Self);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        if (!_over)
        {
            Failure stopped = new BrokerStopping($"pool {_plan.Pool}");
            Tell(new Refused(_run?.Abandoned(stopped) ?? stopped));
        }
        if (_lent is not null)
        {
            _ = _run!.AbandonAsync(_underWay ?? Task.CompletedTask);
        }
    }
}
