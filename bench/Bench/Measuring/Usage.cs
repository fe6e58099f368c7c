namespace Broker.Bench.Measuring;

/// <summary>What was used up to a moment; the difference of two is what a round used.</summary>
internal sealed record Usage(
    long Timestamp, TimeSpan Client, TimeSpan? Server, TimeSpan? Machine, long AllocatedBytes, int Gen0, int Gen1, int Gen2)
{
    public static Usage Now(ServerProcesses server) => new(
        System.Diagnostics.Stopwatch.GetTimestamp(),
        Environment.CpuUsage.TotalTime,
        server.Used(),
        ServerProcesses.MachineUsed(),
        GC.GetTotalAllocatedBytes(),
        GC.CollectionCount(0),
        GC.CollectionCount(1),
        GC.CollectionCount(2));

    public static Usage operator -(Usage after, Usage before) => new(
        after.Timestamp - before.Timestamp,
        after.Client - before.Client,
        after.Server - before.Server,
        after.Machine - before.Machine,
        after.AllocatedBytes - before.AllocatedBytes,
        after.Gen0 - before.Gen0,
        after.Gen1 - before.Gen1,
        after.Gen2 - before.Gen2);
}
