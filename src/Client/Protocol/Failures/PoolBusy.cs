namespace Broker.Client.Protocol.Failures;

/// <summary>A request that does not queue found every connection in use.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Lent">Connections lent or busy.</param>
/// <param name="Limit">Size and overflow together; -1 when unlimited.</param>
public sealed record PoolBusy(PoolId Pool, int Lent, int Limit) : Failure
{
    /// <summary>Who has the connection, in a pool of kind assertion; null elsewhere.</summary>
    public string? Holder { get; init; }

    /// <inheritdoc/>
    public override string Code => "pool-busy";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => Holder is not null
        ? $"pool {Pool} is of kind assertion and its connection is out already, taken by {Holder} "
            + $"(broker.databases.{Pool.Database}.pool.kind)"
        : $"pool {Pool} is busy: {Lent} of {Limit} in use, and the request does not queue "
            + $"(broker.databases.{Pool.Database}.pool.size, .overflow, .queueing)";
}
