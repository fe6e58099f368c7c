using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Messages;

/// <summary>What a handle of a conversation says or asks.</summary>
internal interface IHandleRequest : IBrokerRequest
{
    /// <summary>Which conversation.</summary>
    SessionId Session { get; }

    /// <summary>Which handle.</summary>
    HandleId Handle { get; }

    /// <summary>
    /// The user who says it, so that nobody speaks for a handle of another one; null in the broker's own process, which may speak for any.
    /// Said by the door, whatever a client says.
    /// </summary>
    string? Login { get; }
}

/// <summary>
/// Opens a conversation, and makes its sender's handle the owner. Told to the broker's supervisor; answered by <see cref="SessionOpened"/>,
/// also when it is sent again, or <see cref="Refused"/>. The database is not touched by it.
/// </summary>
/// <param name="Session">The new conversation's id, drawn by the handle.</param>
/// <param name="Handle">The owner.</param>
/// <param name="Database">The database's name in the broker's settings.</param>
/// <param name="User">The user to log in as; null for the database's own.</param>
/// <param name="Terms">How its transactions begin, and who may end them.</param>
public sealed record OpenSession(SessionId Session, HandleId Handle, string Database, string? User, ConversationTerms Terms)
    : IHandleRequest
{
    /// <summary>
    /// An actor whose death is the handle's death; null when the handle says itself when it goes (<see cref="LeaveSession"/>).
    /// </summary>
    [NotSent]
    public IActorRef? Watched { get; init; }

    /// <summary>
    /// The user whose conversation it is, so that no other one joins it; null in the broker's own process. Said by the door, whatever a
    /// client says.
    /// </summary>
    [NotSent]
    public string? Login { get; init; }
}

/// <summary>
/// Adds a handle to a conversation. Told to the broker's supervisor; answered by <see cref="SessionOpened"/>, or <see cref="Refused"/> with
/// <c>ConversationGone</c>.
/// </summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">The new handle.</param>
public sealed record JoinSession(SessionId Session, HandleId Handle) : IHandleRequest
{
    /// <summary>An actor whose death is the handle's death; null when the handle says itself when it goes.</summary>
    [NotSent]
    public IActorRef? Watched { get; init; }

    /// <summary>
    /// The user who joins; null in the broker's own process, which may join any. Said by the door, whatever a client says.
    /// </summary>
    [NotSent]
    public string? Login { get; init; }
}

/// <summary>The handle is a part of the conversation.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Actor">Serializes it: send it <see cref="RunInSession"/> and <see cref="LeaveSession"/>.</param>
/// <param name="Pool">Whose connections it borrows.</param>
/// <param name="Epoch">The conversation's present epoch.</param>
/// <param name="Terms">How its transactions begin, and who may end them.</param>
public sealed record SessionOpened(SessionId Session, IActorRef Actor, PoolId Pool, Epoch Epoch, ConversationTerms Terms) : IBrokerReply
{
    /// <summary>The handle that opened it, and so said of which database it is. For the door, which tells no client.</summary>
    [NotSent]
    public HandleId Owner { get; init; }
}

/// <summary>
/// One command of a handle. It is executed once: the same number sent again is answered with the recorded reply, or
/// <see cref="StillRunning"/>. Answered by <see cref="SessionAnswer"/>; by <see cref="Refused"/> only when nobody is there to execute it.
/// </summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">Whose command.</param>
/// <param name="Sequence">Counts the handle's commands from 1.</param>
/// <param name="Acknowledged">Up to which number the handle has seen the replies, so that they need not be kept.</param>
/// <param name="Epoch">The epoch that the handle last saw.</param>
/// <param name="Command">What to do.</param>
public sealed record RunInSession(SessionId Session, HandleId Handle, long Sequence, long Acknowledged, Epoch Epoch,
    ISessionCommand Command) : IHandleRequest
{
    /// <summary>
    /// Opens the conversation with its first command in one message, told to the broker's supervisor: there is no
    /// <see cref="SessionOpened"/>, and the conversation is whoever answers. Until then whatever concerns it is told to the supervisor too.
    /// <see cref="Refused"/> when it could not be opened. Null for an open one.
    /// </summary>
    public OpenSession? Opens { get; init; }

    /// <summary>Whose handle it is said for; null in the broker's own process. Said by the door, whatever a client says.</summary>
    [NotSent]
    public string? Login { get; init; }
}

/// <summary>The one answer to a command.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">Whose command.</param>
/// <param name="Sequence">Which command.</param>
/// <param name="Epoch">The conversation's epoch behind it.</param>
/// <param name="Reply">What came of it.</param>
public sealed record SessionAnswer(SessionId Session, HandleId Handle, long Sequence, Epoch Epoch, ISessionReply Reply) : IBrokerReply
{
    /// <summary>
    /// Tables that other handles wrote since this handle's last answer: rows it knows of them are stale. `*` stands for any table.
    /// </summary>
    public ImmutableArray<string> StaleTables { get; init; } = [];

    /// <summary>Why every use is refused until a rollback, behind this command; null when it is not.</summary>
    public Failures.Failure? Failed { get; init; }

    /// <summary>Whether the conversation has other handles, which want to hear of unsent changes (<see cref="NoteUnsent"/>).</summary>
    public bool Shared { get; init; }
}

/// <summary>
/// Cancels a command: it leaves the line, or the server is asked to cancel it; a COMMIT that was sent is never cancelled. The command
/// itself is answered, with <c>Cancelled</c> or its true outcome.
/// </summary>
public sealed record CancelInSession(SessionId Session, HandleId Handle, long Sequence) : IHandleRequest, IDeadLetterSuppression
{
    /// <summary>Whose handle it is said for; null in the broker's own process. Said by the door, whatever a client says.</summary>
    [NotSent]
    public string? Login { get; init; }
}

/// <summary>
/// Tells how many tracked changes a handle has not sent, for the commits of others to name. Not answered. Sent only in conversations of
/// several handles.
/// </summary>
public sealed record NoteUnsent(SessionId Session, HandleId Handle, long Changes) : IHandleRequest, IDeadLetterSuppression
{
    /// <summary>Whose handle it is said for; null in the broker's own process. Said by the door, whatever a client says.</summary>
    [NotSent]
    public string? Login { get; init; }
}

/// <summary>
/// The handle goes. The last one's going, or the owner's, ends the conversation: what is not committed is rolled back. Answered by
/// <see cref="SessionLeft"/> when its connection is on its way back; a COMMIT under way is finished first.
/// </summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">Who goes.</param>
/// <param name="Forgotten">Whether the handle was not closed but found by the garbage collector: counted and logged as a leak.</param>
public sealed record LeaveSession(SessionId Session, HandleId Handle, bool Forgotten = false) : IHandleRequest, IDeadLetterSuppression
{
    /// <summary>
    /// Up to which number the handle has seen the replies: outcomes of commits behind it are kept for <see cref="GetCommitOutcome"/>.
    /// </summary>
    public long Acknowledged { get; init; }

    /// <summary>Whose handle it is said for; null in the broker's own process. Said by the door, whatever a client says.</summary>
    [NotSent]
    public string? Login { get; init; }
}

/// <summary>The handle is no part of the conversation any more.</summary>
public sealed record SessionLeft(SessionId Session, HandleId Handle) : IBrokerReply;

/// <summary>
/// Asks what became of a commit whose answer was lost with its conversation. Told to the broker's supervisor; answered by
/// <see cref="CommitOutcome"/>.
/// </summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">Whose commit.</param>
/// <param name="Sequence">Which command it was.</param>
public sealed record GetCommitOutcome(SessionId Session, HandleId Handle, long Sequence) : IHandleRequest
{
    /// <summary>
    /// The conversation's database, so that its ledger can be asked when nobody remembers the conversation; null asks none.
    /// </summary>
    public string? Database { get; init; }

    /// <summary>The user it logs in as; null for the database's own.</summary>
    public string? User { get; init; }

    /// <summary>
    /// The key that the commit was given (<see cref="Commit.IdempotencyKey"/>); null for the one made of session, handle and sequence.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Whose commit is asked for; null in the broker's own process. Said by the door, whatever a client says.</summary>
    [NotSent]
    public string? Login { get; init; }
}

/// <summary>What became of a commit.</summary>
/// <param name="Reply">
/// <see cref="Committed"/>, without results where they are not kept, <see cref="StillRunning"/>, or <see cref="CommandRefused"/> with why
/// it did not commit or why nobody knows.
/// </param>
public sealed record CommitOutcome(ISessionReply Reply) : IBrokerReply;
