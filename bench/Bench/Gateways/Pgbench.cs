using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Broker.Bench.Measuring;
using Broker.Postgres;

namespace Broker.Bench.Gateways;

/// <summary>
/// Runs pgbench once and reads what it found. What is used is looked at between the first second it tells of and the last but one, so that
/// neither connecting nor ending counts.
/// </summary>
internal sealed partial class Pgbench
{
    /// <summary>Latencies written per run, about: enough for a 99th percentile, and too few to slow pgbench down.</summary>
    private const double Samples = 40_000;
    private const int LinesKept = 15;

    /// <summary>
    /// By what part of its time a look may be late. Among a thousand server processes we get our turn seldom, and know nothing then.
    /// </summary>
    private const double Late = 0.2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IPooler _pooler;
    private readonly ServerProcesses _server;
    private readonly TimeSpan _time;
    private readonly ConcurrentQueue<string> _said = new();
    private Usage? _before;
    private Usage? _used;
    private TimeSpan _own;
    private double _told;
    private double _watched;
    private double _transactions;

    private Pgbench(IPooler pooler, ServerProcesses server, TimeSpan time) => (_pooler, _server, _time) = (pooler, server, time);

    private static string Program =>
        PostgresBinaries.Find().Program("pgbench") is var beside && File.Exists(beside) ? beside : "pgbench";

    /// <summary>Makes and fills pgbench's tables.</summary>
    public static async Task LoadAsync(ServerAddress server, int scale)
    {
        using var load = Process.Start(new ProcessStartInfo(
            Program, [.. Words(server), "--initialize", "--init-steps=dtGvp", $"--scale={scale}", "--quiet", ServerAddress.Database])
        {
            RedirectStandardError = true,
        })!;
        var said = await load.StandardError.ReadToEndAsync();
        await load.WaitForExitAsync();
        if (load.ExitCode != 0)
        {
            throw new PoolerFailedException(said);
        }
    }

    /// <summary>One round of a pooler's clients.</summary>
    /// <exception cref="PoolerFailedException">A client failed, or pgbench did not end.</exception>
    public static async Task<Round> RunAsync(IPooler pooler, ServerProcesses server, GatewayMode mode, int clients, int threads,
        TimeSpan time, double expected)
    {
        var folder = Directory.CreateTempSubdirectory("broker-bench-pgbench-");
        try
        {
            return await new Pgbench(pooler, server, time).RunAsync(folder.FullName, [
                .. Words(pooler.Address), "--no-vacuum", .. pooler.Instead(mode).Words(),
                $"--client={clients}", $"--jobs={Math.Min(clients, threads)}", $"--time={time.TotalSeconds:0}", "--progress=1",
                "--log", $"--log-prefix={Path.Combine(folder.FullName, "log")}", .. Sampling(expected * time.TotalSeconds),
                ServerAddress.Database,
            ]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string[] Words(ServerAddress address) =>
        [$"--host={ServerAddress.Host}", $"--port={address.Port}", $"--username={ServerAddress.User}"];

    private static string[] Sampling(double transactions) =>
        transactions > Samples ? [string.Create(CultureInfo.InvariantCulture, $"--sampling-rate={Samples / transactions:0.######}")] : [];

    private async Task<Round> RunAsync(string folder, string[] words)
    {
        using var pgbench =
            Process.Start(new ProcessStartInfo(Program, words) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        using var limit = new CancellationTokenSource(_time + Patience);
        try
        {
            await Task.WhenAll(ReadAsync(pgbench, pgbench.StandardError, limit.Token),
                ReadAsync(pgbench, pgbench.StandardOutput, limit.Token));
            await pgbench.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            pgbench.Kill();
            throw new PoolerFailedException($"pgbench had not ended {Patience.TotalSeconds} s after its time; it said:\n{Last()}");
        }

        return pgbench.ExitCode == 0 && PerSecond() is { } perSecond ? Figures(perSecond, folder)
            : throw new PoolerFailedException($"pgbench failed with exit code {pgbench.ExitCode}; it said:\n{Last()}");
    }

    private async Task ReadAsync(Process pgbench, StreamReader from, CancellationToken limit)
    {
        while (await from.ReadLineAsync(limit) is { } line)
        {
            if (Progress().Match(line) is { Success: true } progress)
            {
                OnProgress(pgbench, Number(progress.Groups[1]), Number(progress.Groups[2]));
            }
            else
            {
                _said.Enqueue(line);
            }
        }
    }

    private void OnProgress(Process pgbench, double second, double perSecond)
    {
        if (_before is null)
        {
            _before = Usage.AtStart(_server, _pooler.Process);
            _own = Used(pgbench);
        }
        else if (_used is null)
        {
            _transactions += perSecond * (second - _told);
            _watched += second - _told;
            if (second >= _time.TotalSeconds - 1.5)
            {
                _used = Usage.AtEnd(_server, _pooler.Process) - _before;
                _own = Used(pgbench) - _own;
            }
        }

        _told = second;
    }

    private static TimeSpan Used(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    private Round Figures(double perSecond, string folder)
    {
        var latencies = PgbenchLogs.Read(folder);
        var group = GroupFigures.Of("clients", perSecond, latencies);
        var none = new Round([group], null, null, null, null, null, null, null, new Dictionary<string, double>());
        return _used is not { } used || Math.Abs(used.Seconds - _watched) > Late * _watched ? none : none with
        {
            ClientMicroseconds = _pooler.Process is null ? null : used.Client.TotalMicroseconds / _transactions,
            ServerMicroseconds = used.Server?.TotalMicroseconds / _transactions,
            ForeignCores =
                (used.Machine - used.Server - _own - (_pooler.Process is null ? TimeSpan.Zero : used.Client))?.TotalSeconds / used.Seconds,
        };
    }

    private double? PerSecond() =>
        _said.Select(line => Throughput().Match(line)).LastOrDefault(match => match.Success) is { } match ? Number(match.Groups[1]) : null;

    private string Last() => string.Join('\n', _said.TakeLast(LinesKept));

    private static double Number(Group group) => double.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^progress: ([0-9.]+) s, ([0-9.]+) tps")]
    private static partial Regex Progress();

    [GeneratedRegex(@"^tps = ([0-9.]+) \((?!including)")]
    private static partial Regex Throughput();
}
