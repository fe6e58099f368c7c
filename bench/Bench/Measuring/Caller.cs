using System.Diagnostics;
using Broker.Bench.Contenders;
using Broker.Bench.Workloads;
using HdrHistogram;

namespace Broker.Bench.Measuring;

/// <summary>One closed loop: the next operation begins when the last one is answered.</summary>
internal sealed class Caller
{
    private const long LongestMicroseconds = 120_000_000;
    private readonly CallerGroup _group;
    private readonly Random _random;

    public Caller(CallerGroup group, int seed)
    {
        _group = group;
        _random = new Random(seed);
    }

    public IntHistogram Latencies { get; } = new(LongestMicroseconds, 3);

    public static LongHistogram Merged(IEnumerable<Caller> callers)
    {
        var all = new LongHistogram(LongestMicroseconds, 3);
        foreach (var caller in callers)
        {
            all.Add(caller.Latencies);
        }

        return all;
    }

    public async Task RunAsync(IContender contender, Gate gate)
    {
        while (gate.Phase != GatePhase.Ended)
        {
            var counted = gate.Phase == GatePhase.Measuring;
            var started = Stopwatch.GetTimestamp();
            await contender.RunAsync(_group.Next(_random));
            if (counted && gate.Phase == GatePhase.Measuring)
            {
                var microseconds = (long)Stopwatch.GetElapsedTime(started).TotalMicroseconds;
                Latencies.RecordValue(Math.Min(microseconds, LongestMicroseconds));
            }
        }
    }
}
