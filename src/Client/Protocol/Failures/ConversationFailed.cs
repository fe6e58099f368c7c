namespace Broker.Client.Protocol.Failures;

/// <summary>
/// A command of the transaction failed, and every use is refused until it is rolled back, as a whole or to a savepoint from before the
/// failure.
/// </summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Cause">The original failure.</param>
public sealed record ConversationFailed(SessionId Session, Failure Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "conversation-failed";

    /// <inheritdoc/>
    public override string SqlState => "25P02";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message => $"conversation {Session} has failed and must be rolled back first: {Cause.Message}";
}
