namespace Broker.Client.Protocol.Failures;

/// <summary>A command was executed, but its answer was not kept for whoever asks again.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">Whose command.</param>
/// <param name="Sequence">Which command.</param>
public sealed record AnswerMissing(SessionId Session, HandleId Handle, long Sequence) : Failure
{
    /// <inheritdoc/>
    public override string Code => "answer-missing";

    /// <inheritdoc/>
    public override string SqlState => "08007";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message =>
        $"the answer to command {Sequence} of {Handle} in conversation {Session} was not kept; the command was executed";
}
