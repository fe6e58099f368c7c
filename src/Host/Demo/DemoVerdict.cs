using System.Globalization;
using Spectre.Console;

namespace Broker.Host.Demo;

/// <summary>Compares what callers were told with what the table says.</summary>
internal static class DemoVerdict
{
    /// <summary>Says in words what was found. 0 when it is right.</summary>
    internal static int Tell(DemoTally tally, long balances, int callers, int connections, int killed)
    {
        var difference = balances - tally.Told;
        var right = difference == 0 || IsSumOfSome([.. tally.Unknown], difference);
        var failures = tally.Failures.Count == 0 ? "none" : string.Join(", ", tally.Failures.Select(f => $"{f.Value} {f.Key}"));
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture,
            $"{tally.Statements:N0} statements of {callers} callers over {connections} connections; server process {killed} was killed; failures told: {failures}.");
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, right
            ? (FormattableString)$"[green]Right:[/] callers were told changes of {tally.Told:N0} in all, and the balances in the table sum to {balances:N0}{(tally.Unknown.IsEmpty ? "" : $" ({tally.Unknown.Count} outcomes were told as unknown)")}."
            : $"[red]WRONG:[/] callers were told changes of {tally.Told:N0}, the balances in the table sum to {balances:N0}.");
        return right && killed != 0 ? 0 : 1;
    }

    // Each unknown outcome may or may not be in the table.
    private static bool IsSumOfSome(int[] unknown, long difference) =>
        unknown.Length is > 0 and <= 20
        && Enumerable.Range(0, 1 << unknown.Length).Any(set => unknown.Where((_, i) => (set & (1 << i)) != 0).Sum(delta => (long)delta) == difference);
}
