using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Flushing;

/// <summary>Says what the server refused in the words of the entities.</summary>
internal static class FlushFailures
{
    internal static Failure Explain(Failure failure, ImmutableArray<PlannedStep> planned, int? step) => failure is not StatementFailed failed ? failure
        : Guard.Read(failed) is { } stale && step is { } at && at < planned.Length ? Stale(planned[at].Batches[stale.Piece], stale.Ordinals)
        : failure;

    private static StaleRows Stale(Batch batch, int[] ordinals) =>
        new(batch.Map.Name, [.. ordinals.Select(ordinal => batch.Map.KeyOf(batch.Changes[ordinal - 1].Original).ToString())]);
}
