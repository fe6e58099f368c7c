namespace Broker.Client.Protocol.Failures;

/// <summary>The pool is suspended and refuses borrowers (`pool.suspended = refuse`).</summary>
/// <param name="Pool">Which pool.</param>
public sealed record PoolHeld(PoolId Pool) : Failure
{
    /// <inheritdoc/>
    public override string Code => "pool-suspended";

    /// <inheritdoc/>
    public override string SqlState => "57P03";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"pool {Pool} is suspended (broker.databases.{Pool.Database}.pool.suspended)";
}
