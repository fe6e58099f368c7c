using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Broker.Bench.Contenders;
using Broker.Bench.Measuring;
using Broker.Bench.Workloads;

namespace Broker.Bench.Remotes;

/// <summary>One client process of several: this program again, which runs callers and says what they did.</summary>
internal sealed class RemoteProcess
{
    /// <summary>What such a process is started with.</summary>
    public const string Word = "remote-process";

    private const string Ready = "ready";
    private readonly Process _process;

    private RemoteProcess(Process process) => _process = process;

    /// <summary>Starts one, and waits until it has warmed up.</summary>
    public static async Task<RemoteProcess> StartAsync(string[] words)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(RemoteProcess).Assembly.Location, Word, .. words])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        return await process.StandardOutput.ReadLineAsync() == Ready
            ? new RemoteProcess(process)
            : throw new InvalidOperationException($"a client process ended: {await process.StandardOutput.ReadToEndAsync()}");
    }

    /// <summary>Has it run, and tells what it did.</summary>
    public async Task<Result> ResultAsync()
    {
        await _process.StandardInput.WriteLineAsync("go");
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException("a client process ended without a word");
        await _process.WaitForExitAsync();
        _process.Dispose();
        return JsonSerializer.Deserialize<Result>(line)!;
    }

    /// <summary>What the process does.</summary>
    public static async Task RunAsync(ReadOnlyMemory<string> words)
    {
        var (kind, place, target) = (words.Span[0], words.Span[1], words.Span[2]);
        var (connections, workload, callers) = (int.Parse(words.Span[3]), AllWorkloads.Named([words.Span[4]]).Single(),
            int.Parse(words.Span[5]));
        var (warmUp, time) = (Arguments.Seconds(words.Span[6]), Arguments.Seconds(words.Span[7]));
        await using IContender contender = kind switch
        {
            RemoteBroker.ContenderName => new RemoteBroker(place),
            NpgsqlThrough.Gateway => new NpgsqlThrough(place, kind),
            _ => new NpgsqlPool(),
        };
        Operations.Accounts = int.Parse(words.Span[8]);
        // Entries of other processes are not to be met.
        Operations.StartEntriesAt(Environment.ProcessId % 1000 * 2_000_000);
        await contender.StartAsync(target, connections);
        await RoundRunner.WarmUpAsync(contender, workload, callers, warmUp);
        Console.WriteLine(Ready);
        await Console.In.ReadLineAsync();
        Console.WriteLine(JsonSerializer.Serialize(await MeasureAsync(contender, workload, callers, time)));
    }

    private static async Task<Result> MeasureAsync(IContender contender, Workload workload, int callers, TimeSpan time)
    {
        var gate = new Gate { Phase = GatePhase.Measuring };
        var (allocated, processor, started) = (GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        var all = workload.Groups(callers)
            .SelectMany(static group => Enumerable.Range(0, group.Callers).Select(_ => new Caller(group, Random.Shared.Next()))).ToArray();
        var running = Task.WhenAll(all.Select(caller => Task.Run(() => caller.RunAsync(contender, gate))));
        await Task.WhenAny(Task.Delay(time), running);
        gate.Phase = GatePhase.Ended;
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await running;
        var latencies = Caller.Merged(all);
        var figures = GroupFigures.Of(workload.Name, latencies.TotalCount / seconds, latencies);
        return new Result(
            latencies.TotalCount, figures.PerSecond, figures.P50, figures.P99, figures.Maximum,
            (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds, GC.GetTotalAllocatedBytes() - allocated);
    }

    /// <summary>What one process did; latencies in milliseconds.</summary>
    internal sealed record Result(long Operations, double PerSecond, double P50, double P99, double Maximum, double ProcessorMicroseconds,
        double Allocated)
    {
        public override string ToString() => PerSecond.ToString("0", CultureInfo.InvariantCulture);
    }
}
