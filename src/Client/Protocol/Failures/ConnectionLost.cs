namespace Broker.Client.Protocol.Failures;

/// <summary>The connection was lost, and nothing took effect.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Cause">What was seen.</param>
public sealed record ConnectionLost(PoolId Pool, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "connection-lost";

    /// <inheritdoc/>
    public override string SqlState => "08006";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"a connection of pool {Pool} was lost: {Cause}";
}
