using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Errands;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Loops;
using Broker.Gateway.Prepared;
using Broker.Gateway.Reports;
using Broker.Gateway.Shares;
using Broker.Gateway.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Values;

namespace Broker.Gateway.Errands;

/// <summary>
/// Carries errands of one lane on a link that its share has given it: one trip at a time, on a session that does not wait for locks for
/// long, and only reads where it carries reads. It is a borrower like a client, gives the link back when it is told to, and ends with it.
/// </summary>
internal sealed class WireCarrierActor : UntypedActor, IWithTimers
{
    private readonly TripLane _lane;
    private readonly LinkPlan _plan;
    private readonly WireLink _link;
    private readonly StatementBook _book;
    private readonly ExchangeBuffers _buffers;
    private readonly Func<Frame, bool> _take;
    private readonly ImmutableSortedDictionary<string, WireText> _session;
    private readonly WireWriter _answer = new();
    private WireTrip? _trip;
    private long _began;
    private Tuning _tuning;
    private bool _cancelled;
    private bool _returned;
    private bool _stopped;

    public WireCarrierActor(TripLane lane, LinkPlan plan, WireLink link, StatementBook book, ExchangeBuffers buffers)
    {
        (_lane, _plan, _link, _book, _buffers, _take) = (lane, plan, link, book, buffers, Take);
        _session = SessionOf(lane, link.Presumes.LockTimeout(plan.Database.Packing.LockTimeout));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(TripLane lane, LinkPlan plan, WireLink link, StatementBook book, ExchangeBuffers buffers) =>
        Props.Create(() => new WireCarrierActor(lane, plan, link, book, buffers));

    private static ImmutableSortedDictionary<string, WireText> SessionOf(TripLane lane, TimeSpan lockTimeout)
    {
        var session = LinkTuning.Nothing.Add("lock_timeout", WireText.Of($"SET lock_timeout = {(int)lockTimeout.TotalMilliseconds}"));
        return lane is TripLane.Reads
            ? session.Add("default_transaction_read_only", WireText.Of("SET default_transaction_read_only = on"))
            : session;
    }

    // Its commit waits for what the server promises of commits, and is behind all that was committed before.
    private static readonly WireText BehindIt = WireText.Of("BEGIN; SELECT pg_catalog.pg_logical_emit_message(true, 'broker', ''); COMMIT");

    private enum Tuning
    {
        Due,
        UnderWay,
        Failed,
        Done,
    }

    private sealed record TripOverdue(WireTrip Trip) : INoSerializationVerificationNeeded;

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        _buffers.Begin();
        switch (message)
        {
            case PortReady(var port) when port == _link.Channel.Port && !_returned:
                port.Look();
                Hear();
                break;
            case CarrierMessages.RunTrip run when _returned: TripOf(run.Members).Lose(null); break;
            case CarrierMessages.RunTrip run: Begin(run.Members); break;
            case CarrierMessages.Finish: Context.Stop(Self); break;
            case CarrierMessages.GiveBack: Return(_link.Use.CanRelease ? LinkCondition.Clean : LinkCondition.Cancelled); break;
            case LinkRecalled: Lose(LinkCondition.Dirty, null); break;
            case TripOverdue overdue when overdue.Trip == _trip: Cancel(); break;
            case TripOverdue or PortReady: break;
            default: Unhandled(message); break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopped = true;
        Lose(LinkCondition.Dirty, null);
    }

    private WireTrip TripOf(ImmutableArray<WireErrand> members) => _lane is TripLane.Reads
        ? new ReadTrip(_link, _book, members, _plan.Database.Errands.ReplyLimit, _answer)
        : new WriteTrip(_plan.Pool, _link, _book, members, _plan.Database.Errands.ReplyLimit, _answer);

    private void Begin(ImmutableArray<WireErrand> members)
    {
        if (_link.Channel.IsReadable)
        {
            // it may be the end of the link, which is none of theirs
            Hear();
            if (_returned)
            {
                TripOf(members).Lose(null);
                return;
            }
        }
        _trip = TripOf(members);
        if (_tuning is Tuning.Due && Tune())
        {
            return;
        }
        Depart(_trip);
    }

    private void Depart(WireTrip trip)
    {
        _tuning = Tuning.Done;
        _began = _plan.Time.GetTimestamp();
        trip.Write(_buffers.ToServer);
        Send();
        if (trip.Members.Length > 1)
        {
            Timers.StartSingleTimer(nameof(TripOverdue), new TripOverdue(trip), _plan.Database.Packing.TripLimit);
        }
    }

    private void Send()
    {
        _link.Channel.Write(_buffers.ToServer.Written.Span);
        _buffers.ToServer.Clear();
    }

    // The first trip waits for it: should it fail, what is behind it would be carried out all the same, by the settings of somebody else.
    private bool Tune()
    {
        LinkTuning.Tune(_link, _session, _buffers.ToServer);
        if (_buffers.ToServer.Written.IsEmpty)
        {
            return false;
        }
        _tuning = Tuning.UnderWay;
        Send();
        return true;
    }

    private void Hear()
    {
        switch (_link.Input.Read(_link.Channel, _plan.Gateway.Buffer.Turn, _take))
        {
            case InputState.Ended or InputState.Garbled:
                Lose(LinkCondition.Broken,
                    new ConnectionLost(_plan.Pool,
                        "the server closed the connection; whether what was under way took effect is not known"));
                return;
            case InputState.Stopped:
                Lose(LinkCondition.Broken, new ConnectionLost(_plan.Pool, "the server ended the connection"));
                return;
        }
        if (_trip is { } waiting && _tuning is Tuning.UnderWay or Tuning.Failed && _link.Use.IsAtRest)
        {
            if (_tuning is Tuning.Failed)
            {
                Lose(LinkCondition.Dirty, null);
                return;
            }
            Depart(waiting);
        }
        else if (_trip is { IsOver: true } trip && _link.Use.IsAtRest)
        {
            End(trip);
        }
        else if (_trip is WriteTrip { AwaitsStandby: true } && _link.Use.IsAtRest)
        {
            LinkTuning.Ask(_link, BehindIt, _buffers.ToServer);
            Send();
        }
    }

    private bool Take(Frame frame)
    {
        if (_trip is not { } trip || _tuning is Tuning.UnderWay or Tuning.Failed)
        {
            // unasked, or of the settings
            _tuning = Hearing.Take(_link, frame) is BackendType.ErrorResponse && _tuning is Tuning.UnderWay ? Tuning.Failed : _tuning;
            return !_link.Use.IsDoubtful;
        }
        trip.Take(frame);
        if (trip.IsOverfull)
        {
            Cancel();
        }
        return !trip.IsBroken;
    }

    // once: each takes a connection to the server
    private void Cancel()
    {
        if (!_cancelled)
        {
            _cancelled = true;
            _link.Actor.Tell(new LinkCommands.Cancel(Self), ActorRefs.NoSender);
        }
    }

    private void End(WireTrip trip)
    {
        _trip = null;
        if (trip.Members.Length > 1)
        {
            Timers.Cancel(nameof(TripOverdue));
        }
        Settle(trip);
        // the link's actor may not have heard yet that it is to cancel: its count does not say so
        if (_cancelled || !_link.Use.CanRelease || trip.IsOdd)
        {
            // First, so that nothing more is given to this carrier.
            Return(_link.Use.Status is TransactionStatus.Idle && !trip.IsOdd ? LinkCondition.Cancelled : LinkCondition.Dirty);
        }
        Context.Parent.Tell(
            new CarrierMessages.TripOver(Self, trip.Members, trip.Completed, _plan.Time.GetElapsedTime(_began), trip.Work, trip.Guilty),
                ActorRefs.NoSender);
    }

    // A share that is gone, and with it this actor, cannot have it settled.
    private void Settle(WireTrip trip)
    {
        if (trip is not WriteTrip { InDoubt: { } doubt })
        {
            return;
        }
        if (_stopped)
        {
            doubt.Tell(Settlement.SettledOutcome.Unknown.PoolEnded);
        }
        else
        {
            Context.Parent.Tell(doubt, ActorRefs.NoSender);
        }
    }

    private void Lose(LinkCondition condition, Failure? failure)
    {
        if (_trip is { } trip)
        {
            _trip = null;
            trip.Lose(failure is null ? null : ErrorReports.Error(failure));
            Settle(trip);
        }
        Return(condition);
    }

    // It ends when the share has heard of that: what it sends before then is answered.
    private void Return(LinkCondition condition)
    {
        if (!_returned)
        {
            _returned = true;
            _link.ReturnTo(Context.Parent, condition);
        }
    }
}
