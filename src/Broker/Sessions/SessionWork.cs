using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions;

/// <summary>What is to be done on the lent connection for one command, in as few round trips as can be.</summary>
internal sealed record SessionWork
{
    /// <summary>Whether BEGIN and the context ride in front.</summary>
    internal bool Begins { get; init; }

    /// <summary>Cursors that nobody reads any more, by their names on the server: they are closed before anything else.</summary>
    internal ImmutableArray<string> Closes { get; init; } = [];

    /// <summary>The statements, in their order.</summary>
    internal ImmutableArray<FlushStep> Steps { get; init; } = [];

    /// <summary>Whether the steps run in a savepoint of their own, to which a failure goes back.</summary>
    internal bool OwnSavepoint { get; init; }

    /// <summary>Texts without parameters that stand behind the steps, such as SAVEPOINT.</summary>
    internal ImmutableArray<string> After { get; init; } = [];

    /// <summary>Whether COMMIT stands at the end.</summary>
    internal bool Commits { get; init; }

    /// <summary>The transaction id as far as it is known.</summary>
    internal ulong? KnownId { get; init; }

    /// <summary>The key to leave in the ledger before COMMIT; null for none.</summary>
    internal string? Key { get; init; }

    /// <summary>Whether role and search path are set back before the ledger is written.</summary>
    internal bool RestoresRole { get; init; }

    /// <summary>Whether statements may use what was prepared for their text.</summary>
    internal bool FindsPrepared { get; init; }

    /// <summary>Whether it goes to the pool as one unit, without a connection of the conversation's own.</summary>
    internal bool AsUnit { get; init; }
}

/// <summary>How work ended.</summary>
internal enum WorkEnd
{
    /// <summary>All of it was done.</summary>
    Done,
    /// <summary>It failed, and its own savepoint took it back, or nothing of it was sent: the transaction is well.</summary>
    Undone,
    /// <summary>It failed, and the transaction with it.</summary>
    Failed,
    /// <summary>The transaction could not even begin: the connection is not used again.</summary>
    NotBegun,
    /// <summary>COMMIT was refused: the transaction is over and nothing of it took effect.</summary>
    RolledBack,
    /// <summary>The ledger has the commit's key already: the transaction was rolled back, since its work was committed before.</summary>
    CommittedBefore,
    /// <summary>The connection is gone, and the transaction with it.</summary>
    Lost,
    /// <summary>The connection is gone, and COMMIT was sent.</summary>
    InDoubt,
}

/// <summary>What came of work.</summary>
/// <param name="End">How it ended.</param>
internal sealed record WorkResult(WorkEnd End)
{
    /// <summary>What the steps answered; those whose answer was not read are missing.</summary>
    internal ImmutableArray<StepResult> Results { get; init; } = [];

    /// <summary>The transaction's id as far as it was learned.</summary>
    internal ulong? TransactionId { get; init; }

    /// <summary>The command tag's verb of the first step.</summary>
    internal string Verb { get; init; } = "";

    /// <summary>Why it failed; null when it did not.</summary>
    internal Failure? Failure { get; init; }

    /// <summary>Which step failed; null when that is not known or it was none of them.</summary>
    internal int? Step { get; init; }

    /// <summary>How large the answered rows are, roughly.</summary>
    internal long Bytes { get; init; }

    /// <summary>Whether the outcome of the commit had to be settled.</summary>
    internal bool Settled { get; init; }
}
