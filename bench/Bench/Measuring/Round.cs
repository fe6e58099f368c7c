namespace Broker.Bench.Measuring;

/// <summary>One contender, one cell, once.</summary>
/// <param name="ClientMicroseconds">Processor time of this process per operation.</param>
/// <param name="ServerMicroseconds">Processor time of PostgreSQL's processes per operation; null if it cannot be known.</param>
/// <param name="ForeignCores">Cores that other processes of the machine kept busy meanwhile: how noisy the round was.</param>
/// <param name="Beside">Figures of what happened beside the callers (a lock, a migration).</param>
internal sealed record Round(
    IReadOnlyList<GroupFigures> Groups,
    double ClientMicroseconds,
    double? ServerMicroseconds,
    double AllocatedBytes,
    double Gen0,
    double Gen1,
    double Gen2,
    double? ForeignCores,
    IReadOnlyDictionary<string, double> Beside)
{
    public double PerSecond => Groups.Sum(group => group.PerSecond);
}

/// <summary>Operations per second and latencies, in milliseconds, of one group of callers.</summary>
internal sealed record GroupFigures(string Name, double PerSecond, double P50, double P99, double Maximum);
