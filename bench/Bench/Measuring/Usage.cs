using System.Diagnostics;

namespace Broker.Bench.Measuring;

/// <summary>What was used up to a moment; the difference of two is what was used between them, and such may be added.</summary>
/// <param name="Client">Processor time of this process, or of the one that does the contender's work.</param>
internal sealed record Usage(
    long Timestamp, TimeSpan Client, TimeSpan? Server, TimeSpan? Machine, long? AllocatedBytes, int? Gen0, int? Gen1, int? Gen2)
{
    public double Seconds => Timestamp / (double)Stopwatch.Frequency;

    /// <summary>Before what is measured: the slow looks at other processes come first, so that they do not count.</summary>
    public static Usage AtStart(ServerProcesses server, Process? child = null) => Of(child, server.Used(), ServerProcesses.MachineUsed());

    /// <summary>Behind what is measured.</summary>
    public static Usage AtEnd(ServerProcesses server, Process? child = null) =>
        Of(child, null, null) with { Server = server.Used(), Machine = ServerProcesses.MachineUsed() };

    public static Usage operator -(Usage after, Usage before) => new(
        after.Timestamp - before.Timestamp,
        after.Client - before.Client,
        after.Server - before.Server,
        after.Machine - before.Machine,
        after.AllocatedBytes - before.AllocatedBytes,
        after.Gen0 - before.Gen0,
        after.Gen1 - before.Gen1,
        after.Gen2 - before.Gen2);

    public static Usage operator +(Usage one, Usage other) => new(
        one.Timestamp + other.Timestamp,
        one.Client + other.Client,
        one.Server + other.Server,
        one.Machine + other.Machine,
        one.AllocatedBytes + other.AllocatedBytes,
        one.Gen0 + other.Gen0,
        one.Gen1 + other.Gen1,
        one.Gen2 + other.Gen2);

    /// <summary>A child has no managed heap.</summary>
    private static Usage Of(Process? child, TimeSpan? server, TimeSpan? machine) => child is null
        ? new(
            Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, server, machine,
            GC.GetTotalAllocatedBytes(), GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2))
        : new(Stopwatch.GetTimestamp(), UsedBy(child), server, machine, null, null, null, null);

    private static TimeSpan UsedBy(Process child)
    {
        child.Refresh();
        return child.TotalProcessorTime;
    }
}
