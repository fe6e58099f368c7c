namespace Broker.Client.Protocol.Values;

/// <summary>How a conversation's transactions begin, and who may end them. Fixed when it is opened.</summary>
public sealed record ConversationTerms
{
    /// <summary>Read committed, read write, committed by the owner.</summary>
    public static ConversationTerms Default { get; } = new();

    /// <summary>The isolation level; null for the role's default.</summary>
    public Isolation? Isolation { get; init; }

    /// <summary>Whether its transactions are READ ONLY.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether they are DEFERRABLE; that means something only for serializable ones that are read only.</summary>
    public bool Deferrable { get; init; }

    /// <summary>Which handles may commit and roll back the whole.</summary>
    public CommitRight CommitRight { get; init; }

    /// <summary>Whether each command runs in a savepoint of its own, so that one that fails does not end the transaction.</summary>
    public bool SavepointPerCommand { get; init; }

    /// <summary>Role, search path, statement timeout and `app.*` settings of its transactions.</summary>
    public CallerContext Context { get; init; } = CallerContext.None;

    /// <summary>
    /// How long it may wait for a connection: not at all when it is below zero, for ever above a thousand days; null for
    /// `broker.pool.acquire-timeout`.
    /// </summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>How long it may lie idle inside a transaction before that is rolled back; null for `broker.sessions.idle-limit`.</summary>
    public TimeSpan? IdleLimit { get; init; }

    /// <summary>How many bytes of rows one command may answer; null for `broker.errands.result-limit`.</summary>
    public long? ResultBytes { get; init; }
}

/// <summary>The isolation levels of PostgreSQL (manual, section 13.2).</summary>
public enum Isolation
{
    /// <summary>Each statement sees what was committed before it began.</summary>
    ReadCommitted,
    /// <summary>All statements see what was committed before the first began.</summary>
    RepeatableRead,
    /// <summary>As if transactions ran one after the other; may end in 40001, and is then run again as a whole.</summary>
    Serializable,
}

/// <summary>Who may commit a conversation, or roll back the whole of it.</summary>
public enum CommitRight
{
    /// <summary>The handle that opened it.</summary>
    Owner,
    /// <summary>Every handle.</summary>
    AnyHandle,
}
