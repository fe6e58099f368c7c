namespace Broker.Client.Protocol.Failures;

/// <summary>A hook of a session called the session, whose flush, commit or rollback waits for the hook.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Hook">Which hook.</param>
public sealed record SessionReentered(SessionId Session, string Hook) : Failure
{
    /// <inheritdoc/>
    public override string Code => "session-reentered";

    /// <inheritdoc/>
    public override string SqlState => "55006";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message =>
        $"the {Hook} hook of session {Session} called its session; it may use what it is given, or another session";
}
