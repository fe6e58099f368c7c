using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;
using Npgsql;

namespace Broker.Errands;

/// <summary>Turns what the server said into the protocol's failure.</summary>
internal static class ServerErrors
{
    /// <summary>
    /// What the server said; null when the failure is not the server's. With an error barrier in the batch Npgsql may wrap several errors:
    /// the first is the cause of the others. A cancel that the broker asked for is wrapped too.
    /// </summary>
    internal static PostgresException? In(Exception exception) => exception switch
    {
        PostgresException error => error,
        NpgsqlException { InnerException: AggregateException several } =>
            several.InnerExceptions.OfType<PostgresException>().FirstOrDefault(),
        OperationCanceledException { InnerException: PostgresException error } => error,
        _ => null,
    };

    /// <summary>All that the server said.</summary>
    internal static ImmutableArray<PostgresException> AllIn(Exception? exception) =>
        exception is NpgsqlException { InnerException: AggregateException several }
            ? [.. several.InnerExceptions.OfType<PostgresException>()]
        : exception is not null && In(exception) is { } one ? [one]
        : [];

    /// <summary>
    /// Why something failed, in words, with what lies under it: Npgsql's own message alone often says no more than that it failed.
    /// </summary>
    internal static string Cause(this Exception exception) =>
        exception.InnerException is { } inner ? $"{exception.Message}: {inner.Message}" : exception.Message;

    /// <summary>The server's error, field by field (PostgreSQL manual, "Error and Notice Message Fields").</summary>
    internal static StatementFailed ToFailure(this PostgresException error) => new(error.SqlState, error.MessageText)
    {
        Detail = error.Detail,
        Hint = error.Hint,
        Position = error.Position,
        Schema = error.SchemaName,
        Table = error.TableName,
        Column = error.ColumnName,
        Constraint = error.ConstraintName,
    };

    /// <summary>
    /// Whether the server ended the connection with this error: the connection is gone, whatever its state says. Only the severity tells: a
    /// function may raise any code it likes, and 08P01 is what a wrong number of values is called.
    /// </summary>
    internal static bool EndsConnection(this PostgresException error) => error.InvariantSeverity is "FATAL" or "PANIC";

    /// <summary>
    /// Whether the statements that Npgsql believes to be prepared are in doubt after this error: 26000 (no such statement) and 0A000 (a
    /// stale plan) repeat for ever on such a connection while its state says open.
    /// </summary>
    internal static bool PoisonsConnection(this PostgresException error) => error.SqlState is "26000" or "0A000";

    /// <summary>
    /// Whether the error is about a statement that was prepared for an earlier caller: it is no longer there, or its table has changed
    /// since. The statement itself had no effect, and does well where it is not prepared. Code that a statement runs can say the same of
    /// itself, so it counts once only: the second time the statement travels unprepared.
    /// </summary>
    internal static bool IsStalePreparation(this PostgresException error) =>
        error is { SqlState: "26000", Routine: "FetchPreparedStatement" } or { SqlState: "0A000", Routine: "RevalidateCachedQuery" };
}
