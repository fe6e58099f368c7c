namespace Broker.Client.Protocol.Failures;

/// <summary>A row points at one that is not there, or one is to go that others point at. Nothing of the flush took effect.</summary>
/// <param name="Entity">The entity type.</param>
/// <param name="Property">Its property; null when several or none are concerned.</param>
/// <param name="Key">The key of the row; null when it cannot be known.</param>
/// <param name="Constraint">The constraint and the values, as the server says them.</param>
public sealed record ForeignKeyViolated(string Entity, string? Property, string? Key, string Constraint) : Failure
{
    /// <inheritdoc/>
    public override string Code => "foreign-key-violated";

    /// <inheritdoc/>
    public override string SqlState => "23503";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"{RowName.Of(Entity, Property, Key)} violates a foreign key: {Constraint}";
}
