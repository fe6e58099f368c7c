using Npgsql;
using NpgsqlTypes;

namespace Broker.Settlement;

/// <summary>The answers of pg_xact_status.</summary>
internal enum TransactionStatus
{
    /// <summary>Committed, and visible to all.</summary>
    Committed,
    /// <summary>Rolled back, or its process is gone.</summary>
    Aborted,
    /// <summary>Its process still works on it, or waits for a synchronous standby.</summary>
    InProgress,
    /// <summary>So old that the server has forgotten it.</summary>
    Forgotten,
}

internal static class TransactionStatusQuery
{
    /// <summary>Asks the server about a transaction id.</summary>
    internal static async Task<TransactionStatus> AskAsync(NpgsqlConnection connection, ulong transactionId, CancellationToken cancel)
    {
        await using var ask = new NpgsqlBatch(connection);
        ask.BatchCommands.Add(new NpgsqlBatchCommand("select pg_catalog.pg_xact_status($1)")
        {
            Parameters = { new NpgsqlParameter<ulong> { TypedValue = transactionId, NpgsqlDbType = NpgsqlDbType.Xid8 } },
        });
        return await ask.ExecuteScalarAsync(cancel) switch
        {
            "committed" => TransactionStatus.Committed,
            "aborted" => TransactionStatus.Aborted,
            "in progress" => TransactionStatus.InProgress,
            _ => TransactionStatus.Forgotten,
        };
    }
}
