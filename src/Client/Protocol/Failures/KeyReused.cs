namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The idempotency key belongs to another statement, or to the same with other values or under another role. This one was not run.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Key">The key.</param>
public sealed record KeyReused(PoolId Pool, string Key) : Failure
{
    /// <inheritdoc/>
    public override string Code => "key-reused";

    /// <inheritdoc/>
    public override string SqlState => "22023";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message =>
        $"idempotency key '{Key}' of pool {Pool} was used for another statement, other values or another role";
}
