namespace Broker.Client.Protocol.Failures;

/// <summary>The sandbox is closed, or its transaction was lost and with it everything that was done in it.</summary>
/// <param name="Pool">Whose sandbox.</param>
/// <param name="Cause">Why.</param>
public sealed record SandboxOver(PoolId Pool, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "sandbox-over";

    /// <inheritdoc/>
    public override string SqlState => "25000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"the sandbox of pool {Pool} is over, and nothing of it remains: {Cause}";
}
