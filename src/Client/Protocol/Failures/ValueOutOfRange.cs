namespace Broker.Client.Protocol.Failures;

/// <summary>A value that the column cannot hold: too large, too long, or not of its type. Nothing of the flush took effect.</summary>
/// <param name="Entity">The entity type.</param>
/// <param name="Property">Its property; null when several or none are concerned.</param>
/// <param name="Key">The key of the row; null when it cannot be known.</param>
/// <param name="Reason">Why.</param>
public sealed record ValueOutOfRange(string Entity, string? Property, string? Key, string Reason) : Failure
{
    /// <inheritdoc/>
    public override string Code => "value-out-of-range";

    /// <inheritdoc/>
    public override string SqlState => "22003";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"{RowName.Of(Entity, Property, Key)} does not fit its column: {Reason}";
}
