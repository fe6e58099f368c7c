using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;

namespace Broker.Bench.Reporting;

/// <summary>The kind of machine, never which one: no host name, no path.</summary>
internal sealed record Machine(int Cores, double MemoryGib, string System, string Runtime, string PostgreSql, string Fsync,
    string SynchronousCommit)
{
    public static async Task<Machine> DescribeAsync(NpgsqlDataSource dataSource) => new(
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Math.Pow(2, 30), 1),
        RuntimeInformation.OSArchitecture.ToString() + (OperatingSystem.IsLinux() ? " Linux" : ""),
        RuntimeInformation.FrameworkDescription,
        await ShowAsync(dataSource, "server_version"),
        await ShowAsync(dataSource, "fsync"),
        await ShowAsync(dataSource, "synchronous_commit"));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Cores} cores, {MemoryGib} GiB, {System}, {Runtime}, PostgreSQL {PostgreSql} (fsync {Fsync}, synchronous_commit {SynchronousCommit})");

    private static async Task<string> ShowAsync(NpgsqlDataSource dataSource, string setting)
    {
        await using var command = dataSource.CreateCommand($"show {setting}");
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
