using System.Collections.Immutable;

namespace Broker.Client.Protocol.Failures;

/// <summary>Rows were changed or deleted by somebody else since they were read. Nothing of the flush took effect.</summary>
/// <param name="Entity">The entity type.</param>
/// <param name="Keys">The key of every row of it that is stale.</param>
public sealed record StaleRows(string Entity, ImmutableArray<string> Keys) : Failure
{
    /// <inheritdoc/>
    public override string Code => "stale-rows";

    /// <inheritdoc/>
    public override string SqlState => "55000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => Keys.IsEmpty
        ? $"rows of {Entity} were changed or deleted by somebody else; read them again"
        : $"{Entity} of key {string.Join(", ", Keys)} was changed or deleted by somebody else; read it again";
}
