namespace Broker.Client.Protocol.Failures;

/// <summary>A hook of a session threw.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Hook">Which hook.</param>
/// <param name="Cause">What it threw.</param>
/// <param name="Committed">Whether the transaction is committed all the same, because the hook ran behind its COMMIT.</param>
public sealed record SessionHookFailed(SessionId Session, string Hook, string Cause, bool Committed) : Failure
{
    /// <inheritdoc/>
    public override string Code => "session-hook-failed";

    /// <inheritdoc/>
    public override string SqlState => "38000";

    /// <inheritdoc/>
    public override bool SafeToRetry => !Committed;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message =>
        $"the {Hook} hook of session {Session} failed{(Committed ? " behind a commit that took effect" : "")}: {Cause}";
}
