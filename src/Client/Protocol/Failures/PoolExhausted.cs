namespace Broker.Client.Protocol.Failures;

/// <summary>A request waited for a connection for as long as it may.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Lent">Connections lent or busy.</param>
/// <param name="Limit">Size and overflow together; -1 when unlimited.</param>
/// <param name="Waiting">Requests in line, this one included.</param>
/// <param name="Oldest">How long the oldest has been waiting.</param>
/// <param name="Waited">How long this one waited.</param>
/// <param name="LastConnectFailure">Why the last connect failed, when connects are failing.</param>
public sealed record PoolExhausted(PoolId Pool, int Lent, int Limit, int Waiting, TimeSpan Oldest, TimeSpan Waited,
    string? LastConnectFailure = null) : Failure
{
    /// <inheritdoc/>
    public override string Code => "pool-exhausted";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message =>
        $"pool {Pool} is exhausted: {Lent} of {(Limit < 0 ? "unlimited" : Limit)} lent, {Waiting} waiting, oldest "
            + $"{Oldest.TotalSeconds:0.###} s; this request waited {Waited.TotalSeconds:0.###} s "
        + $"(broker.databases.{Pool.Database}.pool.size, .overflow, .acquire-timeout)" + (LastConnectFailure is null
            ? ""
            : $"; last connect failed: {LastConnectFailure}");
}
