using Broker.Settlement;
using Npgsql;

namespace Broker.Sessions;

/// <summary>
/// The ledger of one pool as its conversations see it: it is made before the first of them begins a transaction that may write to it.
/// </summary>
/// <param name="table">The table.</param>
internal sealed class Ledger(LedgerTable table)
{
    private volatile bool _isThere;

    /// <summary>The table.</summary>
    internal LedgerTable Table { get; } = table;

    /// <summary>The statements on it.</summary>
    internal LedgerStatements Statements { get; } = new(table);

    /// <summary>Makes the table if need be, in a transaction of its own. That it cannot is told when a commit needs it.</summary>
    internal async ValueTask EnsureAsync(NpgsqlConnection connection)
    {
        if (_isThere)
        {
            return;
        }
        try
        {
            await using var find = new NpgsqlBatch(connection)
            {
                Timeout = 0,
                BatchCommands =
                {
                    new("SELECT pg_catalog.to_regclass($1) IS NOT NULL")
                    {
                        Parameters = { new NpgsqlParameter<string> { TypedValue = Table.Quoted } },
                    },
                },
            };
            if (await find.ExecuteScalarAsync() is not true)
            {
                await Table.CreateAsync(connection, CancellationToken.None);
            }
            _isThere = true;
        }
        catch (PostgresException) when (connection.FullState == System.Data.ConnectionState.Open)
        {
            // Perhaps somebody with more rights makes it in the meantime.
        }
    }
}
