using Akka.Actor;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Loops;
using Broker.Gateway.Shares;
using Broker.Gateway.Sockets;
using Broker.PgWire.Framing;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>
/// Asks the catalogue on a link that its share has given it, tells the share, and gives the link back. A borrower like a client; it ends
/// with its one trip.
/// </summary>
internal sealed class WireLessonActor : UntypedActor, IWithTimers
{
    // the catalogue of a large database is read in much less
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly LinkPlan _plan;
    private readonly WireLink _link;
    private readonly ExchangeBuffers _buffers;
    private readonly CatalogueTrip _trip;
    private readonly Func<Frame, bool> _take;
    private readonly DateTimeOffset _askedAt;
    private bool _returned;

    public WireLessonActor(LinkPlan plan, WireLink link, CatalogueQuestions questions, ExchangeBuffers buffers)
    {
        (_plan, _link, _buffers, _take) = (plan, link, buffers, Take);
        (_trip, _askedAt) = (new(link, questions), plan.Time.GetUtcNow());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(LinkPlan plan, WireLink link, CatalogueQuestions questions, ExchangeBuffers buffers) =>
        Props.Create(() => new WireLessonActor(plan, link, questions, buffers));

    private sealed record Overdue : INoSerializationVerificationNeeded
    {
        internal static readonly Overdue Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _buffers.Begin();
        LinkTuning.Tune(_link, LinkTuning.Nothing, _buffers.ToServer);
        _trip.Write(_buffers.ToServer);
        _link.Channel.Write(_buffers.ToServer.Written.Span);
        _buffers.ToServer.Clear();
        Timers.StartSingleTimer(nameof(Overdue), Overdue.Instance, Limit);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PortReady(var port) when port == _link.Channel.Port:
                port.Look();
                Hear();
                break;
            case LinkRecalled or Overdue: Return(LinkCondition.Dirty); break;
            case PortReady: break;
            default: Unhandled(message); break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop() => GiveBack(LinkCondition.Dirty);

    private void Hear()
    {
        if (_link.Input.Read(_link.Channel, _plan.Gateway.Buffer.Turn, _take) is InputState.Ended or InputState.Garbled)
        {
            Return(LinkCondition.Broken);
        }
        else if (_link.Use.IsDoubtful)
        {
            Return(LinkCondition.Broken);
        }
        else if (_link.Use.IsAtRest)
        {
            Return(_link.Use.CanRelease && _trip.Answers is not null ? LinkCondition.Clean : LinkCondition.Dirty);
        }
    }

    private bool Take(Frame frame)
    {
        _trip.Take(frame);
        return !_link.Use.IsDoubtful;
    }

    private void Return(LinkCondition condition)
    {
        GiveBack(condition);
        Context.Stop(Self);
    }

    private void GiveBack(LinkCondition condition)
    {
        if (_returned)
        {
            return;
        }
        _returned = true;
        Context.Parent.Tell(new LessonOver(_trip.Answers, _askedAt), ActorRefs.NoSender);
        _link.ReturnTo(Context.Parent, condition);
    }
}

/// <summary>The catalogue was asked: told to the share.</summary>
/// <param name="Answers">What it answered; null when it did not.</param>
/// <param name="AskedAt">When it was asked.</param>
internal sealed record LessonOver(CatalogueSnapshot? Answers, DateTimeOffset AskedAt) : INoSerializationVerificationNeeded;
