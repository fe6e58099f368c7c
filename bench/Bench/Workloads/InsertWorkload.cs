namespace Broker.Bench.Workloads;

/// <summary>A durable one-row insert: the caller is answered after the server flushed its log.</summary>
internal sealed class InsertWorkload : Workload
{
    public const string WorkloadName = "insert";

    public override string Name => WorkloadName;

    public override IReadOnlyList<CallerGroup> Groups(int callers) => [new("inserts", callers, Operations.InsertEntry)];
}
