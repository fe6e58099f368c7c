namespace Broker.Client.Protocol.Failures;

/// <summary>
/// A row has the values of another where that must not be: the key, or what a unique constraint covers. Nothing of the flush took effect.
/// </summary>
/// <param name="Entity">The entity type.</param>
/// <param name="Property">Its property; null when several or none are concerned.</param>
/// <param name="Key">The key of the row; null when it cannot be known.</param>
/// <param name="Constraint">The constraint and the values, as the server says them.</param>
public sealed record DuplicateKey(string Entity, string? Property, string? Key, string Constraint) : Failure
{
    /// <inheritdoc/>
    public override string Code => "duplicate-key";

    /// <inheritdoc/>
    public override string SqlState => "23505";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"{RowName.Of(Entity, Property, Key)} is a duplicate: {Constraint}";
}
