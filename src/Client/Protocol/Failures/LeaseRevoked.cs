namespace Broker.Client.Protocol.Failures;

/// <summary>The lease was taken back: it overran `max-lease`, its connection died, or the pool was invalidated.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Lease">Which lease.</param>
/// <param name="Reason">Why.</param>
public sealed record LeaseRevoked(PoolId Pool, LeaseId Lease, string Reason) : Failure
{
    /// <inheritdoc/>
    public override string Code => "lease-revoked";

    /// <inheritdoc/>
    public override string SqlState => "57P05";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"lease {Lease} of pool {Pool} was revoked: {Reason}";
}
