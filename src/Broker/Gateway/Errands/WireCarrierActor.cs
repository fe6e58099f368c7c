using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
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
/// Carries errands on a link that its share has given it: one trip at a time, on a session that only reads and does not wait for locks for long. It is a borrower like a client, gives the link back
/// when it is told to, and ends with it.
/// </summary>
internal sealed class WireCarrierActor : UntypedActor, IWithTimers
{
    private readonly LinkPlan _plan;
    private readonly WireLink _link;
    private readonly StatementBook _book;
    private readonly ExchangeBuffers _buffers;
    private readonly Func<Frame, bool> _take;
    private readonly ImmutableSortedDictionary<string, WireText> _session;
    private readonly WireWriter _answer = new();
    private WireTrip? _trip;
    private long _began;
    private bool _tuned;
    private bool _cancelled;
    private bool _returned;

    public WireCarrierActor(LinkPlan plan, WireLink link, StatementBook book, ExchangeBuffers buffers)
    {
        (_plan, _link, _book, _buffers, _take) = (plan, link, book, buffers, Take);
        _session = SessionOf(plan);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(LinkPlan plan, WireLink link, StatementBook book, ExchangeBuffers buffers) =>
        Props.Create(() => new WireCarrierActor(plan, link, book, buffers));

    /// <summary>What a session is set to that carries errands.</summary>
    internal static ImmutableSortedDictionary<string, WireText> SessionOf(LinkPlan plan) => ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
    [
        KeyValuePair.Create("default_transaction_read_only", WireText.Of("SET default_transaction_read_only = on")),
        KeyValuePair.Create("lock_timeout", WireText.Of($"SET lock_timeout = {(int)plan.Database.Packing.LockTimeout.TotalMilliseconds}")),
    ]);

    private sealed record TripOverdue(WireTrip Trip) : INoSerializationVerificationNeeded;

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PortReady(var port) when port == _link.Channel.Port && !_returned:
                port.Look();
                Hear();
                break;
            case CarrierMessages.RunTrip run when _returned: TripOf(run.Members).Lose(null); break;
            case CarrierMessages.RunTrip run: Begin(run.Members); break;
            case CarrierMessages.Finish: Context.Stop(Self); break;
            case CarrierMessages.GiveBack: Return(LinkCondition.Clean); break;
            case LinkRecalled: Lose(LinkCondition.Dirty, null); break;
            case TripOverdue overdue when overdue.Trip == _trip: Cancel(); break;
            case TripOverdue or PortReady: break;
            default: Unhandled(message); break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _trip?.Lose(null);
        Return(LinkCondition.Dirty);
    }

    private WireTrip TripOf(ImmutableArray<WireErrand> members) => new(_link, _book, members, _plan.Database.Errands.ReplyLimit, _answer);

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
        _began = _plan.Time.GetTimestamp();
        if (!_tuned)
        {
            Tune();
        }
        _trip.Write(_buffers.ToServer);
        _link.Channel.Write(_buffers.ToServer.Written.Span);
        _buffers.ToServer.Clear();
        if (members.Length > 1)
        {
            Timers.StartSingleTimer(nameof(TripOverdue), new TripOverdue(_trip), _plan.Database.Packing.TripLimit);
        }
    }

    // Ahead of the first trip: should it fail, the trip fails with it only where it wanted to write, which it does not.
    private void Tune()
    {
        _tuned = true;
        LinkTuning.Tune(_link, _session, _buffers.ToServer);
    }

    private void Hear()
    {
        switch (_link.Input.Read(_link.Channel, _plan.Gateway.Buffer.Turn, _take))
        {
            case InputState.Ended or InputState.Garbled:
                Lose(LinkCondition.Broken, new ConnectionLost(_plan.Pool, "the server closed the connection; whether what was under way took effect is not known"));
                return;
            case InputState.Stopped:
                Lose(LinkCondition.Broken, new ConnectionLost(_plan.Pool, "the server ended the connection"));
                return;
        }
        if (_trip is { IsOver: true } trip && _link.Use.IsAtRest)
        {
            End(trip);
        }
    }

    private bool Take(Frame frame)
    {
        if (_trip is not { } trip)
        {
            // unasked
            Hearing.Take(_link, frame);
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
            _link.Actor.Tell(LinkCommands.Cancel.Instance, ActorRefs.NoSender);
        }
    }

    private void End(WireTrip trip)
    {
        _trip = null;
        if (trip.Members.Length > 1)
        {
            Timers.Cancel(nameof(TripOverdue));
        }
        if (!_link.Use.CanRelease)
        {
            // First, so that nothing more is given to this carrier.
            Return(_link.Use.Status is TransactionStatus.Idle ? LinkCondition.Cancelled : LinkCondition.Dirty);
        }
        Context.Parent.Tell(new CarrierMessages.TripOver(Self, trip.Members, trip.Completed, _plan.Time.GetElapsedTime(_began)), ActorRefs.NoSender);
    }

    private void Lose(LinkCondition condition, Failure? failure)
    {
        _trip?.Lose(failure is null ? null : ErrorReports.Error(failure));
        _trip = null;
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
