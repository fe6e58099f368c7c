using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Broker.Bench.Gateways;

/// <summary>A pooler's process, with a folder for its settings, from its start until it was asked to end and has.</summary>
internal sealed class Daemon : IAsyncDisposable
{
    private const int LinesKept = 20;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _folder;
    private readonly ConcurrentQueue<string> _said = new();
    private readonly Task _reading;

    private Daemon(Process process, DirectoryInfo folder)
    {
        Process = process;
        _folder = folder;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    public Process Process { get; }

    public static Daemon Start(string name, string settings, Func<string, (string Program, string[] Words)> command)
    {
        var folder = Directory.CreateTempSubdirectory($"broker-bench-{name}-");
        if (!OperatingSystem.IsWindows())
        {
            // who runs it may be somebody else
            File.SetUnixFileMode(folder.FullName, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        var file = Path.Combine(folder.FullName, "settings");
        File.WriteAllText(file, settings);
        var (program, words) = command(file);
        return new Daemon(Process.Start(new ProcessStartInfo(program,
            words) { RedirectStandardOutput = true, RedirectStandardError = true })!, folder);
    }

    /// <summary>A port that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until a client was let in.</summary>
    /// <exception cref="PoolerFailedException">None was; the process has ended.</exception>
    public async Task WaitForClientsAsync(ServerAddress address)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = await IdleClient.ConnectAsync(address);
                return;
            }
            catch (Exception notYet) when (notYet is SocketException or PoolerFailedException)
            {
                if (Process.HasExited || Stopwatch.GetElapsedTime(since) > StartLimit)
                {
                    await DisposeAsync();
                    throw new PoolerFailedException($"it lets nobody in ({notYet.Message}); the last it said:\n{string.Join('\n', _said)}");
                }
            }

            await Task.Delay(PollInterval);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited)
        {
            await EndAsync();
        }

        await _reading;
        Process.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task EndAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{Process.Id}"]);
        using var limit = new CancellationTokenSource(EndLimit);
        try
        {
            await Process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine($"Process {Process.Id} did not end when it was asked to, and was killed.");
            Process.Kill();
            await Process.WaitForExitAsync();
        }
    }

    private async Task ReadAsync(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            _said.Enqueue(line);
            while (_said.Count > LinesKept)
            {
                _said.TryDequeue(out _);
            }
        }
    }
}
