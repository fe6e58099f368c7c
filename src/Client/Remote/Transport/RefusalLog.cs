using System.Net;
using Akka.Event;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// Warns of who did what it may not, a few times in a while and in one line each: strangers shall neither fill the log nor forge it.
/// </summary>
internal sealed class RefusalLog
{
    private const int MostInAWhile = 20;
    private static readonly TimeSpan While = TimeSpan.FromSeconds(10);
    private readonly ILoggingAdapter _log;
    private readonly TimeProvider _clock;
    private long _since;
    private int _count;

    public RefusalLog(ILoggingAdapter log, TimeProvider clock) => (_log, _clock, _since) = (log, clock, clock.GetTimestamp());

    /// <summary>Says whose connection was closed, and for what.</summary>
    public void Refused(EndPoint? who, string why)
    {
        if (MaySay())
        {
            _log.Warning("Closed the connection of {0}: {1}", who, FitForLog.Of(why));
        }
    }

    /// <summary>Says who was not let in, by the name that it gave, and why.</summary>
    public void LoginRefused(string user, string why)
    {
        if (MaySay())
        {
            _log.Warning("User \"{0}\" is refused at the door: {1}", FitForLog.Of(user), FitForLog.Of(why));
        }
    }

    private bool MaySay()
    {
        var since = Volatile.Read(ref _since);
        if (_clock.GetElapsedTime(since) > While && Interlocked.CompareExchange(ref _since, _clock.GetTimestamp(), since) == since)
        {
            var unsaid = Interlocked.Exchange(ref _count, 0) - MostInAWhile;
            if (unsaid > 0)
            {
                _log.Warning("Refused {0} more than were told of", unsaid);
            }
        }

        return Interlocked.Increment(ref _count) <= MostInAWhile;
    }
}
