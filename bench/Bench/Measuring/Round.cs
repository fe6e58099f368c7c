using HdrHistogram;

namespace Broker.Bench.Measuring;

/// <summary>One contender, one cell, once.</summary>
/// <param name="ClientMicroseconds">Processor time of the contender's process per operation; null when it has none.</param>
/// <param name="ServerMicroseconds">Processor time of PostgreSQL's processes per operation; null if it cannot be known.</param>
/// <param name="AllocatedBytes">Bytes allocated on the managed heap per operation; null for a contender without one.</param>
/// <param name="ForeignCores">Cores that other processes of the machine kept busy meanwhile: how noisy the round was.</param>
/// <param name="Beside">Figures of what happened beside the callers (a lock, a migration).</param>
internal sealed record Round(
    IReadOnlyList<GroupFigures> Groups,
    double? ClientMicroseconds,
    double? ServerMicroseconds,
    double? AllocatedBytes,
    double? Gen0,
    double? Gen1,
    double? Gen2,
    double? ForeignCores,
    IReadOnlyDictionary<string, double> Beside)
{
    public double PerSecond => Groups.Sum(group => group.PerSecond);

    /// <summary>A round from what was used by its operations.</summary>
    public static Round Of(
        IReadOnlyList<GroupFigures> groups, Usage used, double operations, IReadOnlyDictionary<string, double>? beside = null) => new(
        groups,
        used.Client.TotalMicroseconds / operations,
        used.Server?.TotalMicroseconds / operations,
        used.AllocatedBytes / operations,
        used.Gen0,
        used.Gen1,
        used.Gen2,
        (used.Machine - used.Server - used.Client)?.TotalSeconds / used.Seconds,
        beside ?? new Dictionary<string, double>());
}

/// <summary>Operations per second and latencies, in milliseconds, of one group of callers.</summary>
internal sealed record GroupFigures(string Name, double PerSecond, double P50, double P99, double Maximum)
{
    /// <summary>Figures from latencies in microseconds; zeros when nothing was done in the time.</summary>
    public static GroupFigures Of(string name, double perSecond, HistogramBase latencies) => latencies.TotalCount == 0
        ? new(name, perSecond, 0, 0, 0)
        : new(
            name,
            perSecond,
            latencies.GetValueAtPercentile(50) / 1000.0,
            latencies.GetValueAtPercentile(99) / 1000.0,
            latencies.GetMaxValue() / 1000.0);
}
