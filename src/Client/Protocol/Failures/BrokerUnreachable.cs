namespace Broker.Client.Protocol.Failures;

/// <summary>The broker cannot be reached from here. Nothing of the request took effect.</summary>
/// <param name="Address">The broker's address.</param>
/// <param name="For">For how long it could not be reached.</param>
/// <param name="Cause">What was seen last: the connect's error, the certificate's, silence.</param>
public sealed record BrokerUnreachable(string Address, TimeSpan For, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "broker-unreachable";

    /// <inheritdoc/>
    public override string SqlState => "08001";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"the broker at {Address} cannot be reached for {For.TotalSeconds:0.###} s: {Cause}";
}
