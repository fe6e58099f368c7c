using System.Diagnostics;
using System.Globalization;
using Broker.Bench.Measuring;
using Broker.Bench.Reporting;

namespace Broker.Bench.Gateways;

/// <summary>
/// What a client costs a pooler that is logged in and does nothing: by how much its resident memory is larger with them. Each contender is
/// started anew for it.
/// </summary>
internal sealed record IdleClientsCell(int Clients, bool Used) : GatewayCell(GatewayMode.Idle, Clients)
{
    private const int Few = 200;
    private const int AtOnce = 32;
    private const int Looks = 30;
    private const double Still = 256 * 1024;
    public const string BytesEach = "bytes each";
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    public override string Place => Used ? $"{Clients} used once" : $"{Clients} unused";

    public override string Unit => "client";

    public override IReadOnlyDictionary<string, int> Sizes =>
        new Dictionary<string, int> { ["clients"] = Clients, ["statements"] = Used ? 1 : 0 };

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group) =>
        result.Of(Target.Contender)?.Typical.Beside[BytesEach] is { } bytes ? [new("<= 4096 bytes each", bytes, bytes <= 4096)] : [];

    public override async Task<CellResult> RunAsync(GatewayOptions options, GatewayServer server, IReadOnlyList<IPooler> poolers)
    {
        var seen = new List<ContenderResult>();
        foreach (var name in poolers.Where(pooler => pooler.Process is not null).Select(pooler => pooler.Name))
        {
            if (await TryAsync(name, () => RoundAsync(name, options, server)) is { } round)
            {
                seen.Add(new ContenderResult(name, [round]));
            }
        }

        return new CellResult(this, seen);
    }

    private async Task<Round> RoundAsync(string name, GatewayOptions options, GatewayServer server)
    {
        await using var pooler = await Poolers.StartAsync(name, server.Address, options);
        Close(await OpenAsync(pooler.Address, Few));
        var without = await SettledAsync(pooler.Process!);
        var began = Stopwatch.GetTimestamp();
        var clients = await OpenAsync(pooler.Address, Clients);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var bytes = (await SettledAsync(pooler.Process!) - without) / Clients;
        Close(clients);
        return new Round(
            [new GroupFigures("clients", Clients / seconds, 0, 0, 0)], null, null, null, null, null, null, null,
            new Dictionary<string, double> { [BytesEach] = bytes });
    }

    private async Task<IdleClient[]> OpenAsync(ServerAddress address, int count)
    {
        var clients = new IdleClient[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (client, _) =>
        {
            clients[client] = await IdleClient.ConnectAsync(address);
            if (Used)
            {
                await clients[client].RunAsync();
            }
        });
        return clients;
    }

    private static void Close(IdleClient[] clients) => Array.ForEach(clients, client => client.Dispose());

    /// <summary>Resident bytes of a process when they have stopped to change.</summary>
    private static async Task<double> SettledAsync(Process process)
    {
        var bytes = Resident(process);
        for (var look = 0; look < Looks; look++)
        {
            await Task.Delay(Between);
            var before = bytes;
            bytes = Resident(process);
            if (Math.Abs(bytes - before) < Still)
            {
                break;
            }
        }

        return bytes;
    }

    private static double Resident(Process process)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
