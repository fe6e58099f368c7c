namespace Broker.Client.Protocol.Failures;

/// <summary>
/// A type, or an object of it, cannot be kept as an entity: it has no table, no key, a property without a column, a type that does not fit.
/// Nothing was sent.
/// </summary>
/// <param name="Entity">The type.</param>
/// <param name="Property">The property that it is about; null when it is about the type.</param>
/// <param name="Reason">Why.</param>
public sealed record EntityRefused(string Entity, string? Property, string Reason) : Failure
{
    /// <summary>The key of the object that it is about, if it is about one.</summary>
    public string? Key { get; init; }

    /// <inheritdoc/>
    public override string Code => "entity-refused";

    /// <inheritdoc/>
    public override string SqlState => "42000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"{RowName.Of(Entity, Property, Key)} cannot be kept: {Reason}";
}
