namespace Broker.Client.Protocol.Failures;

/// <summary>Every connection is lent to a caller that itself waits for one more, so no wait could end.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Lent">Connections lent, each to a caller that waits.</param>
public sealed record SelfStarved(PoolId Pool, int Lent) : Failure
{
    /// <inheritdoc/>
    public override string Code => "self-starved";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message =>
        $"pool {Pool} would wait for ever: all {Lent} connections are lent to callers that each wait for another; return a lease before "
            + $"asking for the next, or raise broker.databases.{Pool.Database}.pool.size";
}
