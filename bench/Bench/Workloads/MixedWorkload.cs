namespace Broker.Bench.Workloads;

/// <summary>Fast reads flood a pool in which one caller in eight runs statements of 5 ms.</summary>
internal sealed class MixedWorkload : Workload
{
    public const string WorkloadName = "mixed";

    public override string Name => WorkloadName;

    public override int MinimumCallers => 8;

    public override IReadOnlyList<CallerGroup> Groups(int callers) =>
    [
        new("reads", callers - (callers / 8), Operations.ReadAccount),
        new("5 ms statements", callers / 8, Operations.Pause),
    ];
}
