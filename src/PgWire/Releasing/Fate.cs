using Broker.PgWire.Messages;

namespace Broker.PgWire.Releasing;

/// <summary>What has become of something that was sent.</summary>
public enum Fate
{
    /// <summary>It was done.</summary>
    Done,

    /// <summary>It was refused.</summary>
    Failed,

    /// <summary>It was skipped, behind an error.</summary>
    Skipped,
}

/// <summary>Who keeps account of prepared statements, and is to be told the fate of what changes them.</summary>
[Flags]
public enum Accounts
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>That of the client's names.</summary>
    Client = 1,

    /// <summary>That of the statements on the link.</summary>
    Link = 2,

    /// <summary>That of the results of statements on the link.</summary>
    Results = 4,
}

/// <summary>The fate of one thing that was sent, or an answer that is now to be given here.</summary>
/// <param name="Accounts">Who is told.</param>
/// <param name="Fate">Its fate.</param>
/// <param name="Answer">What the client is to be sent: ParseComplete or CloseComplete; null for nothing.</param>
public readonly record struct Settled(Accounts Accounts, Fate Fate, BackendType? Answer);
