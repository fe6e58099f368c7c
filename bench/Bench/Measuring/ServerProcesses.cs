using System.Globalization;
using Npgsql;

namespace Broker.Bench.Measuring;

/// <summary>
/// Processor time of the server's processes and of the whole machine, from /proc where there is one (the server on this
/// machine, under Linux); elsewhere every figure is null.
/// </summary>
internal sealed class ServerProcesses
{
    private const double TicksPerSecond = 100;
    private readonly int? _postmaster;

    private ServerProcesses(int? postmaster) => _postmaster = postmaster;

    public static async Task<ServerProcesses> FindAsync(NpgsqlDataSource dataSource)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        return new ServerProcesses(Stat(connection.ProcessID)?.Parent);
    }

    /// <summary>Of the postmaster, its children and the children it has already buried.</summary>
    public TimeSpan? Used()
    {
        if (_postmaster is not { } postmaster || Stat(postmaster) is not { } own)
        {
            return null;
        }

        var ticks = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), out var pid) ? Stat(pid) : null)
            .Sum(stat => stat?.Parent == postmaster ? stat.Ticks : 0);
        return TimeSpan.FromSeconds((own.Ticks + own.BuriedTicks + ticks) / TicksPerSecond);
    }

    /// <summary>Of everything on this machine, to tell how much of it others used meanwhile.</summary>
    public static TimeSpan? MachineUsed()
    {
        if (!File.Exists("/proc/stat"))
        {
            return null;
        }

        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var busy = (int[])[1, 2, 3, 6, 7];
        return TimeSpan.FromSeconds(busy.Sum(field => long.Parse(fields[field], CultureInfo.InvariantCulture)) / TicksPerSecond);
    }

    private static ProcessStat? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new ProcessStat(int.Parse(fields[1]), Ticks(fields, 11), Ticks(fields, 13));
        }
        catch (IOException)
        {
            return null; // it ended meanwhile, or there is no /proc
        }
    }

    private static long Ticks(string[] fields, int first) => long.Parse(fields[first]) + long.Parse(fields[first + 1]);

    private sealed record ProcessStat(int Parent, long Ticks, long BuriedTicks);
}
