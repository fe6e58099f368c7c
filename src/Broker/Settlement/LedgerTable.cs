using System.Text.RegularExpressions;
using Npgsql;

namespace Broker.Settlement;

/// <summary>
/// The table of idempotency keys. Its name is part of SQL texts, so it is taken apart and quoted: letters, digits, _ and $, with or without
/// a schema; as in SQL, capitals do not count.
/// </summary>
internal sealed partial record LedgerTable
{
    private LedgerTable(string? schema, string name) => (Schema, Name) = (schema, name);

    /// <summary>The schema; null: the first of the search_path that has it.</summary>
    internal string? Schema { get; }

    /// <summary>The table's own name.</summary>
    internal string Name { get; }

    /// <summary>As it stands in a statement.</summary>
    internal string Quoted => Schema is null ? $"\"{Name}\"" : $"\"{Schema}\".\"{Name}\"";

    /// <summary>The constraint whose violation says that a key is taken.</summary>
    internal string Constraint => $"{Name}_key";

    /// <summary>Whether this can be the table's name.</summary>
    internal static bool IsName(string name) => Pattern().IsMatch(name);

    /// <summary>Reads the setting `broker.errands.ledger.table`.</summary>
    /// <exception cref="ArgumentException">It is not a table's name.</exception>
    internal static LedgerTable Named(string name) => Pattern().Match(name) is { Success: true } match
        ? new LedgerTable(match.Groups["schema"] is { Success: true } schema ? Fold(schema.Value) : null, Fold(match.Groups["name"].Value))
        : throw new ArgumentException($"'{name}' is not the name of a table: letters, digits, _ and $, with or without a schema",
            nameof(name));

    /// <summary>
    /// The statements that make the table, each a statement of its own. Harmless when it exists.
    /// </summary>
    /// <remarks>
    /// The key is "C" collated: equal bytes are equal keys, whatever the database's locale. fillfactor leaves room for the result, which is
    /// recorded by an update of the same transaction, beside its row.
    /// </remarks>
    internal IReadOnlyList<string> Ddl =>
    [
        $"""
        create table if not exists {Quoted} (
            key text collate "C" not null constraint "{Constraint}" primary key check (octet_length(key) between 1 and 200),
            verdict text not null check (verdict in ('done', 'refused')),
            fingerprint bigint not null default 0,
            verb text,
            affected bigint,
            rows bytea,
            made timestamptz not null default clock_timestamp()
        ) with (fillfactor = 70)
        """,
        $"""create index if not exists "{Name}_made" on {Quoted} (made)""",
    ];

    /// <summary>Makes the table if it does not exist; two brokers may do so at once.</summary>
    internal async Task CreateAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var batch = new NpgsqlBatch(connection);
        // "if not exists" of two sessions at once still collides in the catalogue; the lock ends with the batch's transaction
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand($"select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('broker ledger {Quoted}', 0))"));
        foreach (var statement in Ddl)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }
        await batch.ExecuteNonQueryAsync(cancel);
    }

    /// <summary>Whether an error of a claim says that its key is taken, rather than that some other unique key is.</summary>
    internal bool IsKeyTaken(PostgresException error) => error.SqlState == PostgresErrorCodes.UniqueViolation
        && error.ConstraintName == Constraint && error.TableName == Name && (Schema is null || error.SchemaName == Schema);

    private static string Fold(string name) => name.ToLowerInvariant();

    [GeneratedRegex(@"^((?<schema>[A-Za-z_][A-Za-z0-9_$]{0,55})\.)?(?<name>[A-Za-z_][A-Za-z0-9_$]{0,55})$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
