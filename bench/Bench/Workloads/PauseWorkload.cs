namespace Broker.Bench.Workloads;

/// <summary>A statement of 5 ms: nothing is to be won by packing, and nothing may be lost.</summary>
internal sealed class PauseWorkload : Workload
{
    public const string WorkloadName = "pause";

    public override string Name => WorkloadName;

    public override IReadOnlyList<CallerGroup> Groups(int callers) => [new("5 ms statements", callers, Operations.Pause)];
}
