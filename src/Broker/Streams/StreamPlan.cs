using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;

namespace Broker.Streams;

/// <summary>What a stream needs to know of its pool. Values only.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Stream">`broker.errands.stream`.</param>
/// <param name="CleanUpLimit">
/// How long a stream that is given up may take to leave its connection clean (`pool.reset-timeout`); then it is cut off.
/// </param>
/// <param name="DiscardAfter">
/// Whether the stream undoes what its statement left in the session, because returning the connection does not (`pool.reset = none`).
/// </param>
internal sealed record StreamPlan(PoolId Pool, StreamSettings Stream, TimeSpan CleanUpLimit, bool DiscardAfter)
{
    /// <summary>How its streams begin and end their transactions.</summary>
    internal TransactionVerbs Verbs { get; init; } = TransactionVerbs.Whole;

    /// <summary>The plan of the same pool's streams in a sandbox.</summary>
    internal StreamPlan InSandbox() => this with { Verbs = TransactionVerbs.Sandboxed, DiscardAfter = false };

    /// <summary>The plan of a pool with these settings.</summary>
    internal static StreamPlan Of(PoolId pool, PoolSettings settings, ErrandSettings errands) =>
        new(pool, errands.Stream, settings.ResetTimeout, settings.Reset == ResetMode.None);
}
