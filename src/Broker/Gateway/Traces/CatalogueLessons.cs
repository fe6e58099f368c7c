using Akka.Actor;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;

namespace Broker.Gateway.Traces;

/// <summary>
/// Has the questions of a share's texts carried to the catalogue, one trip at a time, on a link of the share's. Owned by the share's actor.
/// </summary>
internal sealed class CatalogueLessons
{
    // What the catalogue did not answer is not asked at once: something may be wrong with it.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly LinkPlan _plan;
    private readonly TextVerdicts _verdicts;
    private readonly ExchangeBuffers _buffers;
    private readonly IActorContext _context;
    private long? _failedAt;
    private bool _underWay;

    internal CatalogueLessons(LinkPlan plan, TextVerdicts verdicts, ExchangeBuffers buffers, IActorContext context) =>
        (_plan, _verdicts, _buffers, _context) = (plan, verdicts, buffers, context);

    /// <summary>Whether a link is wanted for questions.</summary>
    internal bool WantsLink =>
        !_underWay && _verdicts.HasQuestions && (_failedAt is not { } failed || _plan.Time.GetElapsedTime(failed) >= Pause);

    /// <summary>A link is open.</summary>
    internal void Opened(WireLink link) => _verdicts.Presume(link.Presumes);

    /// <summary>Has a link carry them.</summary>
    internal void Carry(WireLink link)
    {
        _underWay = true;
        var lesson = _context.ActorOf(WireLessonActor.For(_plan, link, _verdicts.TakeQuestions(), _buffers)
            .WithDispatcher(_context.Dispatcher.Id));
        (link.Phase, link.Borrower) = (LinkPhase.Errand, lesson);
        link.Channel.GiveTo(lesson);
    }

    /// <summary>They were carried.</summary>
    internal void Over(LessonOver over)
    {
        _underWay = false;
        _failedAt = over.Answers is null ? _plan.Time.GetTimestamp() : null;
        if (over.Answers is { } answers)
        {
            _verdicts.Learn(answers, over.AskedAt);
        }
    }
}
