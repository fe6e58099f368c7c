using Broker.Client.Protocol.Failures;

namespace Broker.Pools.Decisions;

/// <summary>
/// Load shedding by controlled delay: if for a whole interval even the luckiest request waited longer than the target, the line is a
/// standing queue, and whoever has waited twice the target is refused at once, until an interval goes well. It runs by timer, so it
/// also works when no connection ever comes back.
/// </summary>
/// <param name="IntervalEnd">When the present interval ends.</param>
/// <param name="Best">The shortest wait that was served in it; null when none was.</param>
/// <param name="Slow">Whether the interval before was too slow.</param>
internal sealed record LineDelay(TimeSpan IntervalEnd, TimeSpan? Best, bool Slow)
{
    internal static readonly LineDelay None = new(TimeSpan.Zero, null, false);
}

internal static class Shedding
{
    /// <summary>A request begins to wait. The first one after a quiet time begins a new interval.</summary>
    internal static Step NoteArrival(this Step step)
    {
        var shed = step.State.Settings.Shed;
        if (shed.Target is not { } target)
        {
            return step;
        }

        if (step.State.Line.IsEmpty && step.State.Delay.IntervalEnd <= step.Now)
        {
            step = step.With(step.State with { Delay = new LineDelay(step.Now + shed.Interval, null, false) });
        }

        var delay = step.State.Delay;
        return step.WakeBy(delay.Slow ? Moment.Earlier(delay.IntervalEnd, step.Now + (2 * target)) : delay.IntervalEnd);
    }

    internal static Step NoteServed(this Step step, TimeSpan waited) =>
        step.State.Settings.Shed.Target is null || step.State.Delay.Best <= waited
            ? step
            : step.With(step.State with { Delay = step.State.Delay with { Best = waited } });

    internal static Step Shed(this Step step)
    {
        if (step.State.Settings.Shed.Target is not { } target || step.State.Line.IsEmpty)
        {
            return step;
        }

        step = step.EndInterval(target);
        while (step.State.Delay.Slow && step.State.Line.First is { } waiter && step.Now - waiter.Since >= 2 * target)
        {
            step = step.RefuseInLine(waiter, new LoadShed(step.State.Pool, step.Now - waiter.Since, target));
        }

        return step;
    }

    /// <summary>When shedding wants to look again.</summary>
    internal static TimeSpan NextShed(this PoolState state) =>
        state.Settings.Shed.Target is not { } target || state.Line.First is not { } first ? Moment.Never
        : state.Delay.Slow ? Moment.Earlier(state.Delay.IntervalEnd, first.Since + (2 * target))
        : state.Delay.IntervalEnd;

    private static Step EndInterval(this Step step, TimeSpan target)
    {
        var delay = step.State.Delay;
        if (step.Now < delay.IntervalEnd)
        {
            return step;
        }

        var best = delay.Best ?? step.Now - step.State.Line.First!.Since;
        var next = new LineDelay(step.Now + step.State.Settings.Shed.Interval, null, best > target);
        return step.With(step.State with { Delay = next });
    }
}
