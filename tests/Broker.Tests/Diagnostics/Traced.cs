using System.Collections.Concurrent;
using System.Diagnostics;
using Broker.Diagnostics;

namespace Broker.Tests.Diagnostics;

/// <summary>
/// Listens to the broker's activity source and keeps the activities of one trace, so that tests that run at the same time do not see each
/// other. The trace is the current activity's.
/// </summary>
internal sealed class Traced : IDisposable
{
    private readonly ActivityListener _listener;
    private readonly Activity _root = new("test");
    private readonly ConcurrentQueue<Activity> _stopped = new();

    internal Traced()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == BrokerTelemetry.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
        _root.Start();
    }

    internal Activity Root => _root;

    /// <summary>Those of the trace that have stopped, and those that link to it.</summary>
    internal IEnumerable<Activity> Stopped =>
        _stopped.Where(one => one.TraceId == _root.TraceId || one.Links.Any(link => link.Context.TraceId == _root.TraceId));

    internal Activity Single(string name) => Stopped.Single(one => one.OperationName == name);

    public void Dispose()
    {
        _root.Dispose();
        _listener.Dispose();
    }
}
