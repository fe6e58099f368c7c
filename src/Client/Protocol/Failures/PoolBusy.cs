namespace Broker.Client.Protocol.Failures;

/// <summary>A request that does not queue found every connection in use.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Lent">Connections lent or busy.</param>
/// <param name="Limit">Size and overflow together; -1 when unlimited.</param>
public sealed record PoolBusy(PoolId Pool, int Lent, int Limit) : Failure
{
    /// <inheritdoc/>
    public override string Code => "pool-busy";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"pool {Pool} is busy: {Lent} of {Limit} in use, and the request does not queue (broker.databases.{Pool.Database}.pool.size, .overflow, .queueing)";
}
