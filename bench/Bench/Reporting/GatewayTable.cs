using System.Globalization;
using Broker.Bench.Gateways;
using Broker.Bench.Measuring;

namespace Broker.Bench.Reporting;

/// <summary>One table per mode, in Markdown, so that it can stand in a note as it is.</summary>
internal static class GatewayTable
{
    private static readonly string[] Columns =
    [
        "clients", "who", "tps", $"x {Poolers.Baseline}", $"x {DirectServer.PoolerName}", "p50 ms", "p99 ms", "p99/p50",
        "pooler us/tx", "server us/tx", "noise", "target",
    ];

    private static readonly string[] IdleColumns = ["clients", "who", "logins/s", IdleClientsCell.BytesEach, "target"];

    public static void Print(IReadOnlyList<CellResult> results)
    {
        foreach (var mode in results.GroupBy(result => result.Cell.Work))
        {
            Console.WriteLine();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"**{mode.Key}**"));
            Console.WriteLine();
            var idle = mode.Key == GatewayMode.Idle.Name();
            var columns = idle ? IdleColumns : Columns;
            Row(columns);
            Row([.. columns.Select(_ => "---")]);
            foreach (var result in mode)
            {
                result.Contenders.ToList().ForEach(contender => Row(idle ? IdleFields(result, contender) : Fields(result, contender)));
            }

            if (mode.Key == GatewayMode.Prepared.Name())
            {
                Console.WriteLine();
                Console.WriteLine($"{PgBouncer.PoolerName} before 1.21 has no prepared statements in transaction mode: its clients parse each time here, as in the mode extended.");
            }
        }

        Console.WriteLine();
    }

    private static string[] Fields(CellResult result, ContenderResult contender)
    {
        var (typical, group) = (contender.Typical, contender.Typical.Groups[0]);
        return
        [
            result.Cell.Place,
            contender.Name,
            $"{group.PerSecond:0}",
            $"{result.Ratio(contender.Name, Poolers.Baseline, group.Name):0.00}",
            $"{result.Ratio(contender.Name, DirectServer.PoolerName, group.Name):0.00}",
            group.P50 > 0 ? $"{group.P50:0.000}" : "",
            group.P99 > 0 ? $"{group.P99:0.000}" : "",
            group.P50 > 0 ? $"{LoadCell.Spread(contender):0.0}" : "",
            $"{typical.ClientMicroseconds:0.0}",
            $"{typical.ServerMicroseconds:0.0}",
            $"{typical.ForeignCores:0.00}",
            Expected(result, contender),
        ];
    }

    private static string[] IdleFields(CellResult result, ContenderResult contender) =>
    [
        result.Cell.Place,
        contender.Name,
        $"{contender.Typical.PerSecond:0}",
        $"{contender.Typical.Beside[IdleClientsCell.BytesEach]:0}",
        Expected(result, contender),
    ];

    private static string Expected(CellResult result, ContenderResult contender) => contender.Name == Target.Contender
        ? string.Join("; ", result.Cell.Targets(result, contender.Typical.Groups[0]))
        : "";

    private static void Row(string[] fields) => Console.WriteLine($"| {string.Join(" | ", fields)} |");
}
