using System.Diagnostics;
using System.Globalization;
using Broker.Tests.Platforms;

namespace Broker.Postgres.Tests;

public sealed class OwnerDeathTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [UnixFact]
    public async Task A_server_and_its_folder_are_gone_soon_after_their_owner_was_killed()
    {
        using var owner = await Owner.StartAsync();
        Assert.True(IsAlive(owner.Postmaster));

        await owner.KillAsync();

        await Eventually(() => !Directory.Exists(owner.Folder));
        Assert.False(IsAlive(owner.Postmaster));
    }

    [LinuxFact]
    public async Task What_an_owner_and_its_keeper_left_is_cleared_away_by_the_next_start()
    {
        using var owner = await Owner.StartAsync();
        foreach (var keeper in ProcessesNaming(owner.Folder).Where(process => process != owner.Postmaster))
        {
            using var process = Process.GetProcessById(keeper);
            process.Kill();
            await process.WaitForExitAsync();
        }

        await owner.KillAsync();
        await using var next = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);

        await Eventually(() => !Directory.Exists(owner.Folder) && !IsAlive(owner.Postmaster)); // another process may be the one that sweeps
    }

    [UnixFact]
    public async Task A_start_leaves_the_servers_of_living_owners_alone()
    {
        using var owner = await Owner.StartAsync();

        await using var next = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);

        Assert.True(IsAlive(owner.Postmaster));
        Assert.True(Directory.Exists(owner.Folder));
    }

    private static bool IsAlive(int postmaster) => new PostmasterFile(postmaster, "", IsReady: true).IsAlive();

    private static async Task Eventually(Func<bool> condition)
    {
        var since = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < Limit, "It did not come true in time.");
            await Task.Delay(10);
        }
    }

    /// <summary>The keeper is a shell and its listener; both have the folder on their command line, as the server has.</summary>
    private static IEnumerable<int> ProcessesNaming(string folder) =>
        from process in Directory.EnumerateDirectories("/proc")
        where int.TryParse(Path.GetFileName(process), out _)
        let command = ReadOrEmpty(Path.Combine(process, "cmdline"))
        where command.Contains(folder, StringComparison.Ordinal)
        select int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture);

    private static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
