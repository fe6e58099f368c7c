using System.Diagnostics.Metrics;

namespace Broker.Diagnostics;

/// <summary>Where the buckets of the histograms end, unless whoever collects them says otherwise.</summary>
internal static class Buckets
{
    /// <summary>Of db.client.operation.duration, in seconds, as the conventions ask.</summary>
    internal static readonly InstrumentAdvice<double> Operation =
        new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] };

    /// <summary>Of times that are often far below a millisecond, in seconds.</summary>
    internal static readonly InstrumentAdvice<double> Short = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30],
    };

    /// <summary>Of how long a lease is out, in seconds.</summary>
    internal static readonly InstrumentAdvice<double> Long = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600],
    };

    /// <summary>Of members in a trip: fill doubles and halves, up to packing.max-fill.</summary>
    internal static readonly InstrumentAdvice<int> Members =
        new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] };
}
