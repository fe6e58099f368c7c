using Akka.Event;

namespace Broker.Gateway.Loops;

/// <summary>
/// Looks now and then, from another thread, whether a loop is stuck in one turn: then everybody on it waits. It warns once a turn, and
/// names what runs.
/// </summary>
internal sealed class StallWatch : IDisposable
{
    private readonly ITimer _timer;

    /// <summary>Begins to look.</summary>
    /// <param name="loop">Its name.</param>
    /// <param name="turn">What it does.</param>
    /// <param name="limit">How long a turn may take. It is looked as often.</param>
    /// <param name="log">Where to warn.</param>
    /// <param name="time">The clock of the looking.</param>
    internal StallWatch(string loop, TurnInProgress turn, TimeSpan limit, ILoggingAdapter log, TimeProvider time)
    {
        var warned = 0L;
        _timer = time.CreateTimer(
            _ =>
            {
                if (turn.Lasts() is not { } lasts || lasts < limit || warned == turn.Number)
                    return;
                warned = turn.Number;
                log.Warning("loop {Loop} is stuck for {Milliseconds} ms in {What}", loop, (long)lasts.TotalMilliseconds, turn.What());
            },
            null, limit, limit);
    }

    public void Dispose() => _timer.Dispose();
}
