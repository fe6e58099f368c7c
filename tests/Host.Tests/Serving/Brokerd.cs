using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace Broker.Host.Tests.Serving;

/// <summary>brokerd as a process of its own, and what it says.</summary>
internal sealed class Brokerd : IDisposable
{
    // Two that start on a machine that builds beside them took 70 s until the second had left the ports that the first has.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();
    private readonly Task _reading;

    private Brokerd(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>The process.</summary>
    internal int Id => _process.Id;

    /// <summary>All it has said so far.</summary>
    internal string Said => string.Join('\n', _said);

    internal static Brokerd Start(params string[] arguments) => Start(new Dictionary<string, string>(), arguments);

    internal static Brokerd Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "brokerd.dll"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        return new(Process.Start(start)!);
    }

    /// <summary>Waits until it has said something so many times.</summary>
    internal async Task SaysAsync(string text, int times = 1)
    {
        var since = Stopwatch.GetTimestamp();
        while (_said.Count(line => line.Contains(text, StringComparison.Ordinal)) < times)
        {
            Assert.False(_reading.IsCompleted, $"brokerd ended and never said '{text}':\n{Said}");
            Assert.True(Stopwatch.GetElapsedTime(since) < Limit, $"brokerd does not say '{text}':\n{Said}");
            await Task.Delay(5);
        }
    }

    /// <summary>Sends it a signal.</summary>
    internal async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits for its end, and gives its exit code.</summary>
    internal async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        await _reading;
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            _said.Enqueue(line);
        }
    }
}
