using System.Diagnostics;
using System.Globalization;

namespace Broker.Postgres;

/// <summary>What a running server writes into <c>postmaster.pid</c> of its data folder.</summary>
/// <param name="ProcessId">The postmaster's process.</param>
/// <param name="SocketDirectory">The folder of its socket; empty where it has none.</param>
/// <param name="IsReady">Whether it accepts connections.</param>
internal sealed record PostmasterFile(int ProcessId, string SocketDirectory, bool IsReady)
{
    private const int SocketLine = 4;
    private const int StatusLine = 7;

    /// <summary>
    /// Reads the file of a data folder; <c>null</c> when no server runs there or it has not come far enough to say anything.
    /// </summary>
    public static PostmasterFile? Read(string dataDirectory)
    {
        try
        {
            using var file = new FileStream(
                Path.Combine(dataDirectory, "postmaster.pid"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return Parse(reader.ReadToEnd());
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether a process of that number still is a PostgreSQL server.</summary>
    public bool IsAlive()
    {
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            return process.ProcessName.StartsWith("postgres", StringComparison.Ordinal);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    internal static PostmasterFile? Parse(string content)
    {
        var lines = content.Split('\n');
        return int.TryParse(lines[0], CultureInfo.InvariantCulture, out var process)
            ? new PostmasterFile(
                process,
                lines.Length > SocketLine ? lines[SocketLine].Trim() : "",
                lines.Length > StatusLine && lines[StatusLine].Trim() == "ready")
            : null;
    }
}
