namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The conversation is not there: closed, ended with its owner or by a limit, or never opened. Nothing of the command was sent.
/// </summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Cause">What became of it, as far as that is known.</param>
public sealed record ConversationGone(SessionId Session, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "conversation-gone";

    /// <inheritdoc/>
    public override string SqlState => "08003";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"conversation {Session} is gone: {Cause}";
}
