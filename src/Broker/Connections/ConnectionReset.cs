using Npgsql;

namespace Broker.Connections;

/// <summary>Brings a connection back to the state in which it was opened.</summary>
internal static class ConnectionReset
{
    // DISCARD ALL would also deallocate the prepared statements that Npgsql still believes in, so its parts are named (manual, DISCARD).
    private static readonly string[] Statements =
    [
        "ROLLBACK",
        "SET SESSION AUTHORIZATION DEFAULT",
        "RESET ALL",
        "CLOSE ALL",
        "UNLISTEN *",
        "SELECT pg_advisory_unlock_all()",
        "DISCARD SEQUENCES",
        "DISCARD TEMP",
    ];

    /// <summary>Ends an open transaction, if there is one.</summary>
    internal static async Task RollbackAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0, BatchCommands = { new("ROLLBACK") } };
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// Ends when nothing that was asked of the server before can reach the next statement any more: a cancel request may arrive late, and
    /// the next two statements are ours.
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="fence">What is sent to find out; ROLLBACK where a transaction may be open.</param>
    internal static async Task ProveCleanAsync(NpgsqlConnection connection, string fence = "SELECT 1")
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var batch = new NpgsqlBatch(connection) { Timeout = 0, BatchCommands = { new(fence) } };
                await batch.ExecuteNonQueryAsync();
                return;
            }
            catch (PostgresException late) when (late.SqlState == "57014" && attempt < 2)
            {
                // The request found its way here: that was it.
            }
        }
    }

    /// <summary>Undoes settings, roles, cursors, listeners, session locks, sequences' last values and temporary tables.</summary>
    internal static async Task DiscardAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0, EnableErrorBarriers = true };
        foreach (var statement in Statements)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// Has what a borrower left undone now, instead of with the next use: Npgsql sends its own reset ahead of whatever comes first. What
    /// was prepared by hand it does not know, and that goes by name.
    /// </summary>
    internal static async Task DiscardNowAsync(NpgsqlConnection connection)
    {
        await using var forget = new NpgsqlBatch(connection) { Timeout = 0 };
        await using (var query = new NpgsqlBatch(connection) { Timeout = 0,
            BatchCommands = { new("select quote_ident(name) from pg_prepared_statements where from_sql") } })
        await using (var names = await query.ExecuteReaderAsync())
        {
            while (await names.ReadAsync())
            {
                forget.BatchCommands.Add(new NpgsqlBatchCommand($"DEALLOCATE {names.GetString(0)}"));
            }
        }
        if (forget.BatchCommands.Count > 0)
        {
            await forget.ExecuteNonQueryAsync();
        }
    }
}
