namespace Broker.Bench.Workloads;

/// <summary>What can be measured, in the order of the table.</summary>
internal static class AllWorkloads
{
    private static readonly Workload[] Workloads =
    [
        new ReadWorkload(), new InsertWorkload(), new PauseWorkload(), new MixedWorkload(), new LockWorkload(), new MigrationWorkload(),
    ];

    public static string[] Names => [.. Workloads.Select(workload => workload.Name)];

    public static IEnumerable<Workload> Named(string[] names) => Workloads.Where(workload => names.Contains(workload.Name));
}
