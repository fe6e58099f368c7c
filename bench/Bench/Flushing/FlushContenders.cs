namespace Broker.Bench.Flushing;

/// <summary>Who takes part in `bench flush`, in the order of the rounds; a new contender is one class and one line here.</summary>
internal static class FlushContenders
{
    private static readonly Func<IFlushContender>[] Makers =
    [
        () => new EfCore(prepares: false),
        () => new EfCore(prepares: true),
        () => new SqlAlchemy(),
        () => new HandWrittenBatch(),
        () => new CopyIn(),
        () => new BareUpdate(),
        () => new BrokerSessions(),
    ];

    public const string Baseline = EfCore.ContenderName;

    public static string[] Names => [.. Makers.Select(make => make().Name)];

    /// <summary>Fresh contenders for one cell, started: those that are named and have a way to do the work.</summary>
    public static async Task<IReadOnlyList<IFlushContender>> StartAsync(
        string[] names, FlushWork work, string connectionString, int maximumConnections)
    {
        IFlushContender[] contenders =
            [.. Makers.Select(make => make()).Where(contender => names.Contains(contender.Name) && contender.Does(work))];
        foreach (var contender in contenders)
        {
            await contender.StartAsync(connectionString, maximumConnections);
        }

        return contenders;
    }
}
