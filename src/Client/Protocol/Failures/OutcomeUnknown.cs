namespace Broker.Client.Protocol.Failures;

/// <summary>The connection was lost while a write ran: it may or may not have taken effect.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Cause">What was seen.</param>
public sealed record OutcomeUnknown(PoolId Pool, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "outcome-unknown";

    /// <inheritdoc/>
    public override string SqlState => "08007";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message =>
        $"a connection of pool {Pool} was lost while a write ran; it may or may not have taken effect: {Cause} "
            + "(errands.settle = on, or an idempotency key, settles this)";
}
