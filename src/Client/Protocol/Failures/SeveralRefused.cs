using System.Collections.Immutable;

namespace Broker.Client.Protocol.Failures;

/// <summary>
/// Objects were added, deleted or the like while others had their turn with the session, and could not be; the flush that tells this has
/// sent nothing.
/// </summary>
/// <param name="Causes">Why, in the order in which it was asked.</param>
public sealed record SeveralRefused(ImmutableArray<Failure> Causes) : Failure
{
    /// <inheritdoc/>
    public override string Code => "several-refused";

    /// <inheritdoc/>
    public override string SqlState => Causes[0].SqlState;

    /// <inheritdoc/>
    public override bool SafeToRetry => Causes.All(static cause => cause.SafeToRetry);

    /// <inheritdoc/>
    public override bool IsTransient => Causes.All(static cause => cause.IsTransient);

    /// <inheritdoc/>
    public override string Message =>
        $"{Causes.Length} of the objects given to this session were refused: "
            + $"{string.Join("; ", Causes.Select(static cause => cause.Message))}";
}
