using System.Diagnostics;
using System.Text.Json;
using Broker.Bench.Measuring;
using HdrHistogram;
using Npgsql;

namespace Broker.Bench.Flushing;

/// <summary>
/// SQLAlchemy with psycopg2, in a Python of its own that is told over pipes what to do; sessions in closed loops are threads there and
/// measured there.
/// </summary>
internal sealed class SqlAlchemy : IFlushContender
{
    public const string ContenderName = "sqlalchemy";
    private const string Script = "sqlalchemy_rounds.py";
    private const string PythonVariable = "BROKER_BENCH_PYTHON";
    private const long LongestMicroseconds = 120_000_000;
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web);

    private Process? _python;

    public string Name => ContenderName;

    public Process? Child => _python;

    private Process Python => _python ?? throw new InvalidOperationException($"{Name} was not started.");

    private static string Program => Environment.GetEnvironmentVariable(PythonVariable) is { Length: > 0 } named ? named : "python3";

    /// <summary>Why it cannot take part; null when it can.</summary>
    public static async Task<string?> MissingAsync()
    {
        try
        {
            using var python = Start("-c",
                "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, ('sqlalchemy', 'psycopg2'))))");
            await python.WaitForExitAsync();
            return python.ExitCode == 0 ? null : $"{Program} has no sqlalchemy or no psycopg2";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return $"{Program} cannot be started";
        }
    }

    public bool Does(FlushWork work) => work is not FlushWork.Idle;

    public async Task StartAsync(string connectionString, int maximumConnections)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        _python = Start(
            [Path.Combine(AppContext.BaseDirectory, "Flushing", Script), $"{maximumConnections}"],
            ("PGHOST", server.Host),
            ("PGPORT", $"{server.Port}"),
            ("PGDATABASE", server.Database),
            ("PGUSER", server.Username),
            ("PGPASSWORD", server.Password));
        await AnswerAsync();
    }

    public async Task<Func<Task>> PrepareAsync(FlushWork work, int rows)
    {
        await AskAsync(new { @do = "prepare", work = work.Name(), rows });
        return () => AskAsync(new { @do = "run" });
    }

    public async Task<Round> OneRowRoundAsync(RoundRunner runner, int sessions, TimeSpan time)
    {
        var before = Usage.AtStart(runner.Server, Python);
        var answer = await AskAsync(new { @do = "one-row", sessions, seconds = time.TotalSeconds });
        var used = Usage.AtEnd(runner.Server, Python) - before;
        var seen = JsonSerializer.Deserialize<OneRowAnswer>(answer, Format)!;
        var latencies = new LongHistogram(LongestMicroseconds, 3);
        Array.ForEach(seen.Microseconds, latencies.RecordValue);
        var commits = seen.Microseconds.Length;
        return Round.Of([GroupFigures.Of(InProcess.OneRowGroup, commits / seen.Seconds, latencies)], used, Math.Max(1, commits));
    }

    public Task<IAsyncDisposable> OpenIdleAsync(bool used) => throw new NotSupportedException();

    public async ValueTask DisposeAsync()
    {
        if (_python is not null)
        {
            _python.StandardInput.Close();
            await _python.WaitForExitAsync();
            _python.Dispose();
        }
    }

    private static Process Start(params string[] arguments) => Start(arguments, []);

    private static Process Start(string[] arguments, params ReadOnlySpan<(string Name, string? Value)> environment)
    {
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private async Task<string> AskAsync(object request)
    {
        await Python.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request));
        await Python.StandardInput.FlushAsync();
        return await AnswerAsync();
    }

    private async Task<string> AnswerAsync() =>
        await Python.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"{Script} ended; what it said is above.");

    private sealed record OneRowAnswer(double Seconds, long[] Microseconds);
}
