namespace Broker.Client.Protocol.Failures;

/// <summary>It cannot be done in a sandbox, which is one transaction from its beginning to its end.</summary>
/// <param name="Reason">What, and what to do instead.</param>
public sealed record SandboxRefused(string Reason) : Failure
{
    /// <inheritdoc/>
    public override string Code => "sandbox-refused";

    /// <inheritdoc/>
    public override string SqlState => "0A000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"not in a sandbox: {Reason}";
}
