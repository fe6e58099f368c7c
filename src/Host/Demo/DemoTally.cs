using System.Collections.Concurrent;
using HdrHistogram;

namespace Broker.Host.Demo;

/// <summary>What the callers were told, added up from all of them.</summary>
internal sealed class DemoTally
{
    private readonly ConcurrentDictionary<string, int> _failures = new();
    private long _statements;
    private long _told;

    /// <summary>Latencies in microseconds.</summary>
    internal Recorder Latency { get; } = HistogramFactory
        .With64BitBucketSize().WithValuesFrom(1).WithValuesUpTo(60_000_000).WithPrecisionOf(2).WithThreadSafeWrites().WithThreadSafeReads()
            .Create();

    /// <summary>Statements answered with success.</summary>
    internal long Statements => Interlocked.Read(ref _statements);

    /// <summary>The sum of all changes of balance that took effect, as told.</summary>
    internal long Told => Interlocked.Read(ref _told);

    /// <summary>Changes whose outcome nobody could tell.</summary>
    internal ConcurrentBag<int> Unknown { get; } = [];

    /// <summary>Failures by their code.</summary>
    internal IReadOnlyDictionary<string, int> Failures => _failures;

    internal void Succeeded(long microseconds)
    {
        Interlocked.Increment(ref _statements);
        Latency.RecordValue(Math.Max(1, microseconds));
    }

    internal void TookEffect(int delta) => Interlocked.Add(ref _told, delta);

    internal void Failed(string code) => _failures.AddOrUpdate(code, 1, static (_, count) => count + 1);
}
