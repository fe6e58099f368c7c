using Broker.Bench.Measuring;
using Broker.Bench.Reporting;
using Npgsql;

namespace Broker.Bench.Flushing;

/// <summary>What an open session costs that does nothing: never used, or behind its first commit.</summary>
internal sealed record IdleCell(int Sessions, bool Used) : FlushCell(FlushWork.Idle, MaximumConnections)
{
    public const int Many = 10_000;
    private const int MaximumConnections = 10;
    private const int Few = 100;
    private const long Still = 64 * 1024;
    private const string BytesEach = "bytes each";

    public override string PlaceTitle => "sessions";

    public override string Place => Used ? $"{Sessions}, committed once" : $"{Sessions}, never used";

    public override string Unit => "session";

    public override IReadOnlyDictionary<string, int> Sizes =>
        new Dictionary<string, int> { ["sessions"] = Sessions, ["commits"] = Used ? 1 : 0 };

    public override IEnumerable<Target> Targets(CellResult result, GroupFigures group) =>
        result.Of(Target.Contender)?.Typical.Beside[BytesEach] is { } bytes ? [new("<= 4096 bytes each", bytes, bytes <= 4096)] : [];

    public override string ToString() => $"{Work}, {Place}";

    protected override Task WarmUpAsync(IFlushContender contender, NpgsqlDataSource side, RoundRunner runner, TimeSpan time) =>
        (this with { Sessions = Few }).RoundAsync(contender, side, runner, time);

    /// <summary>
    /// What the managed heap holds with the sessions and without. The broker's side of them is in this process and counts.
    /// </summary>
    protected override async Task<Round> RoundAsync(IFlushContender contender, NpgsqlDataSource side, RoundRunner runner, TimeSpan time)
    {
        var held = new IAsyncDisposable[Sessions];
        var without = await SettledHeapAsync();
        var before = Usage.AtStart(runner.Server);
        await Parallel.ForAsync(0, Sessions, async (session, _) => held[session] = await contender.OpenIdleAsync(Used));
        var used = Usage.AtEnd(runner.Server) - before;
        var bytes = (await SettledHeapAsync() - without) / (double)Sessions;
        foreach (var session in held)
        {
            await session.DisposeAsync();
        }

        var opened = new GroupFigures("sessions", Sessions / used.Seconds, 0, 0, 0);
        return Round.Of([opened], used, Sessions, new Dictionary<string, double> { [BytesEach] = bytes });
    }

    /// <summary>The heap when it has stopped to shrink: what ended before is torn down in the background.</summary>
    private static async Task<long> SettledHeapAsync()
    {
        var heap = Heap();
        for (var look = 0; look < 60; look++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            var (before, now) = (heap, Heap());
            if (before - now < Still)
            {
                return now;
            }

            heap = now;
        }

        return heap;
    }

    private static long Heap()
    {
        for (var collection = 0; collection < 2; collection++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
