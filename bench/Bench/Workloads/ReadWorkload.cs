namespace Broker.Bench.Workloads;

/// <summary>Select by primary key, the key random.</summary>
internal sealed class ReadWorkload : Workload
{
    public const string WorkloadName = "read";

    public override string Name => WorkloadName;

    public override IReadOnlyList<CallerGroup> Groups(int callers) => [new("reads", callers, Operations.ReadAccount)];
}
