namespace Broker.Client.Protocol.Failures;

/// <summary>There is no row of this key.</summary>
/// <param name="Entity">The type.</param>
/// <param name="Key">The key.</param>
public sealed record RowMissing(string Entity, string Key) : Failure
{
    /// <inheritdoc/>
    public override string Code => "row-missing";

    /// <inheritdoc/>
    public override string SqlState => "02000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"there is no {Entity} of key {Key}";
}
