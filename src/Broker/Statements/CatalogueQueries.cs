using System.Collections.Immutable;
using System.Data;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Statements;

/// <summary>
/// Asks the catalogue over an open, idle connection, under the role and search_path that the connection has. One round
/// trip, whatever the number of names; the connection is as before afterwards, also after an error.
/// </summary>
internal static class CatalogueQueries
{
    /// <summary>The answers to <paramref name="questions"/>, one for each, all of the same moment.</summary>
    /// <exception cref="NpgsqlException">The server or the connection failed.</exception>
    public static Task<CatalogueSnapshot> AskAsync(NpgsqlConnection connection, CatalogueQuestions questions, CancellationToken cancel) =>
        AskAsync(connection, [], questions, cancel);

    /// <summary>
    /// The same, under a role and search_path that <paramref name="context"/> sets for the transaction; each of its statements answers one
    /// result.
    /// </summary>
    /// <exception cref="NpgsqlException">The server or the connection failed, or the server refused the context.</exception>
    public static async Task<CatalogueSnapshot> AskAsync(
        NpgsqlConnection connection, ImmutableArray<NpgsqlBatchCommand> context, CatalogueQuestions questions, CancellationToken cancel)
    {
        try
        {
            return await AnswersAsync(connection, context, questions, cancel);
        }
        catch when (connection.FullState == ConnectionState.Open)
        {
            await using var rollback = new NpgsqlCommand(CatalogueSql.Rollback, connection);
            await rollback.ExecuteNonQueryAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>What the server, database and role presume for a fresh connection.</summary>
    /// <exception cref="NpgsqlException">The server or the connection failed.</exception>
    public static async Task<PoolDefaults> PoolDefaultsAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(CatalogueSql.PoolDefaults, connection);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        return new PoolDefaults(
            reader.GetString(0), reader.GetString(1) == "on", reader.GetString(2) == "on", reader.GetString(3), reader.GetString(4) == "on",
            reader.GetBoolean(5), TimeSpan.FromMilliseconds(reader.GetInt32(6)));
    }

    private static async Task<CatalogueSnapshot> AnswersAsync(
        NpgsqlConnection connection, ImmutableArray<NpgsqlBatchCommand> context, CatalogueQuestions questions, CancellationToken cancel)
    {
        var names = questions.Names.ToImmutableArray();
        var symbols = questions.Operators.ToImmutableArray();
        await using var batch = Batch(connection, names, symbols);
        for (var i = 0; i < context.Length; i++)
        {
            // Behind BEGIN: in a transaction that has run a statement, the catalogue's isolation level could not be set any more.
            batch.BatchCommands.Insert(1 + i, context[i]);
        }
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        for (var i = 0; i < context.Length; i++)
        {
            await reader.NextResultAsync(cancel);
        }
        await reader.NextResultAsync(cancel); // past the path that was kept

        var functions = await RowsAsync(reader, cancel);
        var relations = await RowsAsync(reader, cancel);
        var types = await RowsAsync(reader, cancel);
        var operators = await RowsAsync(reader, cancel);
        var casts = await RowsAsync(reader, cancel);
        return CatalogueDecoder.Snapshot(names, symbols, new(functions, relations, types, operators, casts));
    }

    // and goes to the next result
    private static async Task<List<CatalogueRow>> RowsAsync(NpgsqlDataReader reader, CancellationToken cancel)
    {
        var rows = new List<CatalogueRow>();
        while (await reader.ReadAsync(cancel))
        {
            rows.Add(new([.. Enumerable.Range(0, reader.FieldCount).Select(column => TextOf(reader.GetValue(column)))]));
        }

        await reader.NextResultAsync(cancel);
        return rows;
    }

    private static string? TextOf(object value) => value switch
    {
        DBNull => null,
        bool truth => truth ? "t" : "f",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static NpgsqlBatch Batch(NpgsqlConnection connection, ImmutableArray<CatalogueName> names, ImmutableArray<string> symbols)
    {
        var schemas = names.Select(name => name.Schema).ToArray();
        var plain = names.Select(name => name.Name).ToArray();
        return new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command(CatalogueSql.Begin),
                Command(CatalogueSql.KeepPath),
                Command(CatalogueSql.SystemPath),
                Command(CatalogueSql.Functions, schemas, plain),
                Command(CatalogueSql.Relations, schemas, plain),
                Command(CatalogueSql.Types, schemas, plain),
                Command(CatalogueSql.Operators, [.. symbols]),
                Command(CatalogueSql.BuiltInCasts),
                Command(CatalogueSql.Commit),
            },
        };
    }

    private static NpgsqlBatchCommand Command(string sql, params string?[][] arrays)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var array in arrays)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = array, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        }

        return command;
    }
}
