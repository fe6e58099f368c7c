namespace Broker.Client.Protocol.Failures;

/// <summary>A statement carries an idempotency key, and there is no ledger to write it to. The statement was not run.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Cause">Why, with the setting or the table it is about.</param>
public sealed record LedgerUnavailable(PoolId Pool, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "ledger-unavailable";

    /// <inheritdoc/>
    public override string SqlState => "55000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message =>
        $"pool {Pool} cannot keep idempotency keys: {Cause} (broker.databases.{Pool.Database}.errands.ledger.table)";
}
