namespace Broker.Client.Protocol.Failures;

/// <summary>
/// A settlement found no commit of the idempotency key and forbade one: nothing of it took effect, and nothing ever will under this key.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Key">The key.</param>
public sealed record KeySpent(PoolId Pool, string Key) : Failure
{
    /// <inheritdoc/>
    public override string Code => "key-spent";

    /// <inheritdoc/>
    public override string SqlState => "08006";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message =>
        $"nothing of idempotency key '{Key}' of pool {Pool} took effect: its connection was lost, and a settlement refused the key for "
            + "good; a new try needs a new key";
}
