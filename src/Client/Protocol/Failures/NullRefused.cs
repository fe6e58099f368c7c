namespace Broker.Client.Protocol.Failures;

/// <summary>A null where the column takes none. Nothing of the flush took effect.</summary>
/// <param name="Entity">The entity type.</param>
/// <param name="Property">Its property; null when several or none are concerned.</param>
/// <param name="Key">The key of the row; null when it cannot be known.</param>
public sealed record NullRefused(string Entity, string? Property, string? Key) : Failure
{
    /// <inheritdoc/>
    public override string Code => "null-refused";

    /// <inheritdoc/>
    public override string SqlState => "23502";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <summary>The column; null when the server does not say it.</summary>
    public string? Column { get; init; }

    /// <inheritdoc/>
    public override string Message => Property is null && Column is not null
        ? $"{RowName.Of(Entity, null, Key)} has no property for column {Column}, which takes no null and has no default"
        : $"{RowName.Of(Entity, Property, Key)} is null, and its column takes no null";
}
