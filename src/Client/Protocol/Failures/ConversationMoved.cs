using System.Collections.Immutable;

namespace Broker.Client.Protocol.Failures;

/// <summary>
/// Another handle committed or rolled back since this one last looked: its write or commit is refused until it acknowledges that. Nothing
/// of it was sent.
/// </summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Epoch">Its epoch now.</param>
/// <param name="Moves">What happened since the epoch that the handle saw, oldest first.</param>
public sealed record ConversationMoved(SessionId Session, Epoch Epoch, ImmutableArray<ConversationMove> Moves) : Failure
{
    /// <inheritdoc/>
    public override string Code => "conversation-moved";

    /// <inheritdoc/>
    public override string SqlState => "40000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"conversation {Session} has moved: {string.Join(", ", Moves)}; acknowledge it first";
}

/// <summary>One thing that moved a conversation for all of its handles.</summary>
/// <param name="Epoch">The epoch that it began.</param>
/// <param name="How">What happened.</param>
/// <param name="By">The handle that did it; null when the broker did, because of a limit or a loss.</param>
public sealed record ConversationMove(Epoch Epoch, MovedBy How, HandleId? By)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Words}{(By is { } by ? $" by {by}" : "")}";

    private string Words => How switch
    {
        MovedBy.Commit => "committed",
        MovedBy.Rollback => "rolled back",
        MovedBy.RollbackToScope => "rolled back to a savepoint",
    };
}

/// <summary>What moves a conversation.</summary>
public enum MovedBy
{
    /// <summary>The transaction was committed.</summary>
    Commit,
    /// <summary>The transaction was rolled back.</summary>
    Rollback,
    /// <summary>A nested scope was rolled back.</summary>
    RollbackToScope,
}
