using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Ado.Running;

/// <summary>What callers want of results that they do not read.</summary>
/// <param name="Affected">The rows changed; -1 when no statement changes any.</param>
/// <param name="First">The first value of the first row of the first result; null for no row, DBNull for NULL.</param>
internal readonly record struct Totals(int Affected, object? First)
{
    internal static Totals Of(ImmutableArray<StepResult> results)
    {
        var affected = -1L;
        foreach (var result in results)
            if (result.Affected >= 0)
                affected = Math.Max(affected, 0) + result.Affected;
        var first = results.FirstOrDefault(static result => !result.Rows.Columns.IsEmpty)?.Rows;
        return new((int)Math.Min(int.MaxValue, affected), first is { Count: > 0 } ? first.Columns[0].GetValue(0) ?? DBNull.Value : null);
    }
}
