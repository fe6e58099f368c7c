using System.Collections.Immutable;
using Broker.Client.Protocol.Values;

namespace Broker.Connections;

/// <summary>
/// How whoever borrows a connection begins, commits and rolls back on it: as the lender says. A pool lends connections for whole
/// transactions. A sandbox lends a place in its own transaction, where one savepoint always stands: what is before it counts as committed,
/// and what is behind it is the borrower's.
/// </summary>
internal abstract class TransactionVerbs
{
    private TransactionVerbs() { }

    /// <summary>BEGIN, COMMIT and ROLLBACK.</summary>
    internal static readonly TransactionVerbs Whole = new WholeTransaction();

    /// <summary>Those of a borrower in a sandbox.</summary>
    internal static readonly TransactionVerbs Sandboxed = new PlaceInSandbox();

    /// <summary>What is sent before the context and the statements; may be empty.</summary>
    internal abstract ImmutableArray<string> Begin(ConversationTerms terms);

    /// <summary>What keeps the work. It is refused as COMMIT would be; the last of it is the point of no return.</summary>
    internal abstract ImmutableArray<string> Commit { get; }

    /// <summary>What undoes the work, and does nothing when there is none.</summary>
    internal abstract string Rollback { get; }

    /// <summary>Whether statements that would not be framed run in the lender's transaction all the same.</summary>
    internal abstract bool AlwaysInTransaction { get; }

    private sealed class WholeTransaction : TransactionVerbs
    {
        internal override ImmutableArray<string> Commit { get; } = ["COMMIT"];

        internal override string Rollback => "ROLLBACK";

        internal override bool AlwaysInTransaction => false;

        internal override ImmutableArray<string> Begin(ConversationTerms terms)
        {
            var isolation = terms.Isolation is { } level ? $" ISOLATION LEVEL {Words(level)}" : "";
            return [$"BEGIN{isolation}{(terms.ReadOnly ? " READ ONLY" : "")}{(terms.Deferrable ? " DEFERRABLE" : "")}"];
        }
    }

    private sealed class PlaceInSandbox : TransactionVerbs
    {
        // Deferred constraints are checked as COMMIT would; going back behind the check leaves them deferred for whoever comes next. What
        // was set for the transaction, and cursors, would outlive the savepoint.
        internal override ImmutableArray<string> Commit { get; } =
        [
            "CLOSE ALL",
            "SAVEPOINT broker_check",
            "SET CONSTRAINTS ALL IMMEDIATE",
            "ROLLBACK TO SAVEPOINT broker_check",
            $"RELEASE SAVEPOINT {Savepoint}",
            "RESET ALL",
            "RESET ROLE",
            $"SAVEPOINT {Savepoint}",
        ];

        internal override string Rollback => $"ROLLBACK TO SAVEPOINT {Savepoint}";

        internal override bool AlwaysInTransaction => true;

        // The server sets it back where the savepoint ends. The isolation level is the sandbox's own, for good.
        internal override ImmutableArray<string> Begin(ConversationTerms terms) => terms.ReadOnly ? ["SET TRANSACTION READ ONLY"] : [];
    }

    private const string Savepoint = "broker_sandbox";

    /// <summary>Begins a sandbox's own transaction, in which its borrowers have their places.</summary>
    internal static ImmutableArray<string> BeginSandbox(Isolation isolation) =>
        [$"BEGIN ISOLATION LEVEL {Words(isolation)} READ WRITE", $"SAVEPOINT {Savepoint}"];

    private static string Words(Isolation isolation) => isolation switch
    {
        Isolation.ReadCommitted => "READ COMMITTED",
        Isolation.RepeatableRead => "REPEATABLE READ",
        Isolation.Serializable => "SERIALIZABLE",
        var other => throw new ArgumentOutOfRangeException(nameof(isolation), other, "no isolation level"),
    };
}
