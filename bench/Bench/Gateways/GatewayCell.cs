using Broker.Bench.Measuring;
using Npgsql;

namespace Broker.Bench.Gateways;

/// <summary>What the clients do, and how many they are.</summary>
internal abstract record GatewayCell(GatewayMode Mode, int Clients) : Cell(Mode.Name())
{
    public override string Baseline => Poolers.Baseline;

    public override string PlaceTitle => "clients";

    public override string Place => $"{Clients}";

    public override IReadOnlyDictionary<string, int> Sizes => new Dictionary<string, int> { ["clients"] = Clients };

    public static IReadOnlyList<GatewayCell> Matrix(GatewayOptions options) =>
        [.. GatewayModes.Named(options.Modes).SelectMany(mode => Matrix(mode, options))];

    /// <summary>Runs it with the contenders that run already.</summary>
    public abstract Task<CellResult> RunAsync(GatewayOptions options, GatewayServer server, IReadOnlyList<IPooler> poolers);

    public sealed override string ToString() => $"{Work}, {Place} clients";

    /// <summary>Does what may fail; the failure of one contender is told, and ends its part in the cell but nobody else's.</summary>
    protected async Task<T?> TryAsync<T>(string contender, Func<Task<T>> run)
        where T : class
    {
        try
        {
            return await run();
        }
        catch (Exception failure) when (failure is PoolerFailedException or NpgsqlException or System.Net.Sockets.SocketException)
        {
            Console.WriteLine($"{this}: {contender} FAILED: {failure.Message}");
            return null;
        }
    }

    private static IEnumerable<GatewayCell> Matrix(GatewayMode mode, GatewayOptions options) => mode is GatewayMode.Idle
        ? [new IdleClientsCell(options.Idle, Used: false), new IdleClientsCell(options.Idle, Used: true)]
        : options.Clients.Select(clients => new LoadCell(mode, clients));
}
