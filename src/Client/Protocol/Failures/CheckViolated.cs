namespace Broker.Client.Protocol.Failures;

/// <summary>A row breaks a check or an exclusion constraint, or a domain's. Nothing of the flush took effect.</summary>
/// <param name="Entity">The entity type.</param>
/// <param name="Property">Its property; null when several or none are concerned.</param>
/// <param name="Key">The key of the row; null when it cannot be known.</param>
/// <param name="Constraint">The constraint, as the server says it.</param>
public sealed record CheckViolated(string Entity, string? Property, string? Key, string Constraint) : Failure
{
    /// <inheritdoc/>
    public override string Code => "check-violated";

    /// <inheritdoc/>
    public override string SqlState => "23514";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"{RowName.Of(Entity, Property, Key)} breaks a constraint: {Constraint}";
}
