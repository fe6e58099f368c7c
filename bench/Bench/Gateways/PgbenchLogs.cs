using System.Globalization;
using HdrHistogram;

namespace Broker.Bench.Gateways;

/// <summary>
/// The files that pgbench writes with `--log`, one for each of its threads; a line has the client, its transaction's number, the latency in
/// microseconds, and more that is not needed here.
/// </summary>
internal static class PgbenchLogs
{
    private const long LongestMicroseconds = 120_000_000;
    private const int Latency = 2;

    /// <summary>The latencies, in microseconds, of all files in a folder.</summary>
    public static LongHistogram Read(string folder)
    {
        var all = new LongHistogram(LongestMicroseconds, 3);
        foreach (var line in Directory.EnumerateFiles(folder).SelectMany(File.ReadLines))
        {
            // a transaction that failed has a word there; the last line may be cut
            if (line.Split(' ') is { Length: > Latency + 1 } fields
                && long.TryParse(fields[Latency], NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds))
            {
                all.RecordValue(Math.Min(microseconds, LongestMicroseconds));
            }
        }

        return all;
    }
}
