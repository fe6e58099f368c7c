using Broker.Client.Protocol.Messages;
using Npgsql;

namespace Broker.Errands.Keyed;

/// <summary>Where an errand with a key has come to.</summary>
internal abstract record KeyedStep
{
    private KeyedStep() { }

    /// <summary>The statement ran under its key, and nothing is committed yet.</summary>
    /// <param name="TransactionId">The transaction it is part of.</param>
    /// <param name="Answer">What it will be answered once that is committed.</param>
    /// <param name="Role">The role before its context.</param>
    /// <param name="SearchPath">The search path before its context.</param>
    internal sealed record Written(ulong TransactionId, ErrandCompleted Answer, string Role, string SearchPath) : KeyedStep;

    /// <summary>It is over and its connection idle.</summary>
    internal sealed record Answered(IBrokerReply Reply) : KeyedStep;

    /// <summary>All of it must be tried again: the ledger was not there, or the key's row is gone.</summary>
    internal sealed record Again : KeyedStep;

    /// <summary>The server refused it; the transaction's block is still open.</summary>
    internal sealed record Failed(PostgresException Error) : KeyedStep;

    /// <summary>The server refused it in a way that leaves the connection's prepared statements in doubt.</summary>
    internal sealed record Poisoned(PostgresException Error) : KeyedStep;

    /// <summary>It is refused, and the transaction's block may be open.</summary>
    internal sealed record Refused(Failure Failure) : KeyedStep;

    /// <summary>The connection was lost before COMMIT was sent: nothing took effect.</summary>
    internal sealed record Lost(string Cause) : KeyedStep;

    /// <summary>The connection was lost after COMMIT was sent.</summary>
    internal sealed record InDoubt(ulong TransactionId, ErrandCompleted Answer, string Cause) : KeyedStep;
}
