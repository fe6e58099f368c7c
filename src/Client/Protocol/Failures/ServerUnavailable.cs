namespace Broker.Client.Protocol.Failures;

/// <summary>No connection could be opened.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Server">Host and port, as tried.</param>
/// <param name="Cause">What the connect said.</param>
public sealed record ServerUnavailable(PoolId Pool, string Server, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "server-unavailable";

    /// <inheritdoc/>
    public override string SqlState => "08001";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"pool {Pool} cannot connect to {Server}: {Cause}";
}
