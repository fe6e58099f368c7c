namespace Broker.Client.Protocol.Failures;

/// <summary>The gateway cannot be opened: an address is taken or not ours, or a file of its settings is not right any more.</summary>
/// <param name="Cause">Why.</param>
public sealed record ListenRefused(string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "listen-refused";

    /// <inheritdoc/>
    public override string SqlState => "08001";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"the gateway cannot be opened: {Cause} (broker.gateway)";
}
