namespace Broker.Client.Protocol.Failures;

/// <summary>A remote client took too little of what it had asked for, and was closed.</summary>
/// <param name="Bytes">How many bytes waited for it.</param>
/// <param name="Setting">The setting that limits them.</param>
public sealed record ClientStalled(long Bytes, string Setting) : Failure
{
    /// <inheritdoc/>
    public override string Code => "client-stalled";

    /// <inheritdoc/>
    public override string SqlState => "57014";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message => $"the client was closed: {Bytes} bytes waited for it that it did not take ({Setting})";
}
