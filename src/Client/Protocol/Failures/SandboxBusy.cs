namespace Broker.Client.Protocol.Failures;

/// <summary>A request waited for its turn in a sandbox for as long as it may.</summary>
/// <param name="Pool">Whose sandbox.</param>
/// <param name="Holder">Who has the turn; null when the sandbox had no connection yet.</param>
/// <param name="Held">For how long.</param>
/// <param name="Waited">How long this request waited.</param>
public sealed record SandboxBusy(PoolId Pool, string? Holder, TimeSpan Held, TimeSpan Waited) : Failure
{
    /// <inheritdoc/>
    public override string Code => "sandbox-busy";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => Holder is null
        ? $"the sandbox of pool {Pool} got no connection within {Waited.TotalSeconds:0.###} s"
        : $"this request waited {Waited.TotalSeconds:0.###} s for its turn in the sandbox of pool {Pool}, which {Holder} has had for "
            + $"{Held.TotalSeconds:0.###} s: one transaction "
            + "runs in a sandbox at a time, so a flow that waits for a statement outside of its own open session waits for itself; commit, "
            + "roll back or close that first";
}
