namespace Broker.Client.Protocol.Failures;

/// <summary>The rows do not fit what the caller asked for: no row, several rows, a NULL, a missing column, another type. The statement itself was carried out.</summary>
/// <param name="Reason">Which column and type.</param>
public sealed record ResultMismatch(string Reason) : Failure
{
    /// <inheritdoc/>
    public override string Code => "result-mismatch";

    /// <inheritdoc/>
    public override string SqlState => "22000";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message => Reason;
}
