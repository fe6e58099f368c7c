namespace Broker.Client.Protocol.Failures;

/// <summary>A hook of the application threw; the connection was discarded.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Hook">Which hook.</param>
/// <param name="Cause">What it threw.</param>
public sealed record HookFailed(PoolId Pool, string Hook, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "hook-failed";

    /// <inheritdoc/>
    public override string SqlState => "38000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"the {Hook} hook of pool {Pool} failed: {Cause}";
}
