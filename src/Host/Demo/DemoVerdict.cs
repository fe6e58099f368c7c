using System.Globalization;
using Spectre.Console;

namespace Broker.Host.Demo;

/// <summary>Compares what callers were told with what the tables say.</summary>
internal static class DemoVerdict
{
    /// <summary>Says in words what was found. 0 when it is right.</summary>
    internal static int Tell(DemoTally tally, long balances, int callers, int connections, int killed, DemoShared shared)
    {
        var difference = balances - tally.Told;
        var right = difference == 0 || IsSumOfSome([.. tally.Unknown], difference);
        var failures = tally.Failures.Count == 0 ? "none" : string.Join(", ", tally.Failures.Select(f => $"{f.Value} {f.Key}"));
        var unknown = tally.Unknown.IsEmpty ? "" : $" ({tally.Unknown.Count} outcomes were told as unknown)";
        var wrote = $"{Environment.ProcessId} and {shared.Guest} {(shared.IsRight ? "wrote" : "were to write")} {shared.Lines} lines each";
        var seen = $"others saw {shared.SeenBefore} before its commit, and {shared.OfHost} and {shared.OfGuest} behind it";
        Print($"{tally.Statements:N0} statements of {callers} callers over {connections} connections; ");
        PrintLine($"server process {killed} was killed; failures told: {failures}.");
        PrintVerdict(right);
        Print($"callers were told changes of {tally.Told:N0} in all, ");
        PrintLine($"and the balances in the table sum to {balances:N0}{unknown}.");
        PrintVerdict(shared.IsRight);
        PrintLine($"processes {wrote} in one conversation with one commit; {seen}. {shared.Problem}");
        return right && killed != 0 && shared.IsRight ? 0 : 1;
    }

    private static void PrintVerdict(bool isRight) => AnsiConsole.Markup(isRight ? "[green]Right:[/] " : "[red]WRONG:[/] ");

    private static void Print(FormattableString text) => AnsiConsole.MarkupInterpolated(CultureInfo.InvariantCulture, text);

    private static void PrintLine(FormattableString text) => AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, text);

    // Each unknown outcome may or may not be in the table.
    private static bool IsSumOfSome(int[] unknown, long difference) =>
        unknown.Length is > 0 and <= 20
        && Enumerable.Range(0, 1 << unknown.Length)
            .Any(set => unknown.Where((_, i) => (set & (1 << i)) != 0).Sum(delta => (long)delta) == difference);
}
