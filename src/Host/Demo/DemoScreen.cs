using System.Diagnostics;
using System.Globalization;
using Broker.Client;
using Broker.Client.Protocol.Messages;
using HdrHistogram;
using Spectre.Console;

namespace Broker.Host.Demo;

/// <summary>
/// Shows twice a second how it goes, and what is new: a live table on a terminal, a line each time elsewhere. It goes on until the time is
/// over and all the news have come.
/// </summary>
internal static class DemoScreen
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly string[] Columns = ["second", "statements/s", "p50 ms", "p99 ms", "waiting", "busy", "idle", "failures", ""];

    internal static async Task ShowAsync(BrokerClient broker, DemoTally tally, TimeSpan duration, IReadOnlyList<Task<string>> news)
    {
        var table = new Table().Title("200 callers, 5 connections");
        foreach (var column in Columns)
        {
            table.AddColumn(column);
        }
        if (AnsiConsole.Profile.Capabilities.Interactive)
        {
            await AnsiConsole.Live(table).StartAsync(live => WatchAsync(broker, tally, duration, news, row =>
            {
                table.AddRow(row);
                live.Refresh();
            }));
        }
        else
        {
            Console.WriteLine(string.Join("  ", Columns));
            await WatchAsync(broker, tally, duration, news, row => Console.WriteLine(string.Join("  ", row)));
        }
    }

    private static async Task WatchAsync(BrokerClient broker, DemoTally tally, TimeSpan duration, IReadOnlyList<Task<string>> news,
        Action<string[]> show)
    {
        var clock = Stopwatch.StartNew();
        var before = 0L;
        var toCome = news.ToList();
        while (clock.Elapsed < duration || toCome.Count > 0)
        {
            await Task.Delay(Every);
            var now = tally.Statements;
            var status = await broker.GetStatusAsync("demo");
            var come = toCome.Where(static one => one.IsCompleted).ToArray();
            toCome.RemoveAll(come.Contains);
            var note = string.Join("; ", await Task.WhenAll(come));
            show(Row(clock.Elapsed, (now - before) / Every.TotalSeconds, tally.Latency.GetIntervalHistogram(), status, tally, note));
            before = now;
        }
    }

    private static string[] Row(TimeSpan elapsed, double rate, HistogramBase latency, PoolStatus status, DemoTally tally, string note)
    {
        var culture = CultureInfo.InvariantCulture;
        return
        [
            elapsed.TotalSeconds.ToString("0.0", culture), rate.ToString("N0", culture),
            Milliseconds(latency, 50), Milliseconds(latency, 99),
            status.WaitingErrands.ToString(culture), status.Busy.ToString(culture), status.Idle.ToString(culture),
            tally.Failures.Values.Sum().ToString(culture), note,
        ];
    }

    private static string Milliseconds(HistogramBase latency, double percentile) =>
        latency.TotalCount == 0 ? "-" : (latency.GetValueAtPercentile(percentile) / 1000.0).ToString("0.00", CultureInfo.InvariantCulture);
}
