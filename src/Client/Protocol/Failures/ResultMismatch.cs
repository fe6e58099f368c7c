namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The rows do not fit what the caller asked for: no row, several rows, a NULL, a missing column, another type, a value that no .NET type
/// holds. The statement itself was carried out, unless the reason says otherwise.
/// </summary>
/// <param name="Reason">Which column, type and row.</param>
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
