namespace Broker.Client.Protocol.Failures;

/// <summary>The broker is stopping, or has stopped, and takes no new work.</summary>
/// <param name="Where">What refused.</param>
public sealed record BrokerStopping(string Where) : Failure
{
    /// <inheritdoc/>
    public override string Code => "broker-stopping";

    /// <inheritdoc/>
    public override string SqlState => "57P01";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"{Where} is stopping and takes no new work";
}
