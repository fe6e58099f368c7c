namespace Broker.Client.Protocol.Failures;

/// <summary>Pending work that was sent ahead of a query failed, not the query itself, which was not sent.</summary>
/// <param name="Cause">Why.</param>
public sealed record AutoflushFailed(Failure Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "autoflush-failed";

    /// <inheritdoc/>
    public override string SqlState => Cause.SqlState;

    /// <inheritdoc/>
    public override bool SafeToRetry => Cause.SafeToRetry;

    /// <inheritdoc/>
    public override bool IsTransient => Cause.IsTransient;

    /// <inheritdoc/>
    public override string Message => $"pending work that was sent ahead of the query failed (see Session.NoAutoflush): {Cause.Message}";
}
