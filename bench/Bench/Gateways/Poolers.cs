namespace Broker.Bench.Gateways;

/// <summary>The contenders; each has the same server, and the poolers the same number of connections to it.</summary>
internal static class Poolers
{
    /// <summary>Whose figures are the measure.</summary>
    public const string Baseline = PgBouncer.PoolerName;

    public static string[] Names { get; } = [DirectServer.PoolerName, PgBouncer.PoolerName, BrokerDaemon.PoolerName];

    /// <summary>Starts one.</summary>
    /// <exception cref="PoolerFailedException">It cannot take part; the message says why.</exception>
    public static async Task<IPooler> StartAsync(string name, ServerAddress server, GatewayOptions options) => name switch
    {
        DirectServer.PoolerName => new DirectServer(server),
        PgBouncer.PoolerName => await PgBouncer.StartAsync(server, options),
        BrokerDaemon.PoolerName => await BrokerDaemon.StartAsync(server, options),
        _ => throw Arguments.Unknown(name),
    };

    /// <summary>Starts those that can be started, and says of each other why not.</summary>
    public static async Task<IReadOnlyList<IPooler>> StartAllAsync(ServerAddress server, GatewayOptions options)
    {
        var started = new List<IPooler>();
        foreach (var name in options.Contenders)
        {
            try
            {
                started.Add(await StartAsync(name, server, options));
            }
            catch (PoolerFailedException why)
            {
                Console.WriteLine($"{name} takes no part: {why.Message}");
            }
        }

        return started;
    }
}
