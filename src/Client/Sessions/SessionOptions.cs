using Broker.Client.Protocol.Values;

namespace Broker.Client.Sessions;

/// <summary>How the sessions of a factory are.</summary>
public sealed record SessionOptions
{
    /// <summary>All by default: read committed, autoflush, expire on commit, committed by the owner.</summary>
    public static SessionOptions Default { get; } = new();

    /// <summary>The user to log in as; null for the database's own.</summary>
    public string? User { get; init; }

    /// <summary>How its transactions begin, and who may end them.</summary>
    public ConversationTerms Terms { get; init; } = ConversationTerms.Default;

    /// <summary>Whether pending work is sent before each query, so that the query sees it. True by default.</summary>
    public bool Autoflush { get; init; } = true;

    /// <summary>
    /// Whether what is known of rows counts as out of date behind a commit, so that the next <c>GetAsync</c> or query loads it anew. True
    /// by default.
    /// </summary>
    public bool ExpireOnCommit { get; init; } = true;

    /// <summary>What runs before and after flush, commit and rollback of every session of the factory.</summary>
    public SessionHooks Hooks { get; init; } = SessionHooks.None;
}
