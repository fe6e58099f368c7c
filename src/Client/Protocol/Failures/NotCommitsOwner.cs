namespace Broker.Client.Protocol.Failures;

/// <summary>Only the handle that opened the conversation may commit it or roll back the whole of it (CommitRight.Owner).</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">Who tried.</param>
/// <param name="Owner">Who may.</param>
public sealed record NotCommitsOwner(SessionId Session, HandleId Handle, HandleId Owner) : Failure
{
    /// <inheritdoc/>
    public override string Code => "not-commits-owner";

    /// <inheritdoc/>
    public override string SqlState => "42501";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message =>
        $"conversation {Session} is committed and rolled back by its owner {Owner}, not by {Handle} (CommitRight)";
}
