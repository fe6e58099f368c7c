namespace Broker.Bench.Contenders;

/// <summary>Who takes part. The first is the measure of the others; a new contender is one class and one line here.</summary>
internal static class AllContenders
{
    private static readonly Func<IContender>[] Makers =
    [
        () => new NpgsqlPool(),
        () => new NpgsqlMultiplexing(),
        () => new EmbeddedBroker(),
    ];

    public const string Baseline = NpgsqlPool.ContenderName;
    public const string Multiplexing = NpgsqlMultiplexing.ContenderName;

    public static string[] Names => [.. Makers.Select(make => make().Name)];

    /// <summary>Fresh contenders for one cell, in a fixed order, started.</summary>
    public static async Task<IReadOnlyList<IContender>> StartAsync(string[] names, string connectionString, int maximumConnections)
    {
        IContender[] contenders = [.. Makers.Select(make => make()).Where(contender => names.Contains(contender.Name))];
        foreach (var contender in contenders)
        {
            await contender.StartAsync(connectionString, maximumConnections);
        }

        return contenders;
    }
}
