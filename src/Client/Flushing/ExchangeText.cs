using System.Collections.Immutable;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>How rows exchange their keys.</summary>
internal static class ExchangeText
{
    internal static string Make(Batch batch) => UpdateTexts.Many(batch);

    internal static ImmutableArray<Parameter> Parameters(Batch batch) => [.. batch.Many()];
}
