namespace Broker.Client.Protocol.Failures;

/// <summary>The caller cancelled, and the statement had no effect.</summary>
/// <param name="Where">Where it was: in line, or on the server.</param>
public sealed record Cancelled(string Where) : Failure
{
    /// <inheritdoc/>
    public override string Code => "cancelled";

    /// <inheritdoc/>
    public override string SqlState => "57014";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"cancelled {Where}";
}
