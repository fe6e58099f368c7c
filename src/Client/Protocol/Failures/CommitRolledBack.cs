namespace Broker.Client.Protocol.Failures;

/// <summary>The server answered COMMIT with ROLLBACK: the transaction had failed before, and nothing of it took effect.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Cause">What was seen.</param>
public sealed record CommitRolledBack(SessionId Session, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "commit-rolled-back";

    /// <inheritdoc/>
    public override string SqlState => "40000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"conversation {Session} was not committed but rolled back: {Cause}";
}
