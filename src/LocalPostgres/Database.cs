using System.Collections.Immutable;
using System.Diagnostics;
using Npgsql;

namespace Broker.Postgres;

/// <summary>Creates, renames, empties and drops databases on a server.</summary>
internal static class Database
{
    public static async Task CreateAsync(string server, string name, CancellationToken cancellation)
    {
        await using var source = SourceFor(server);
        await using var connection = await source.OpenConnectionAsync(cancellation);
        // by files and not by the log of changes: two thirds of the time (CREATE DATABASE, STRATEGY; since PostgreSQL 15)
        var strategy = connection.PostgreSqlVersion.Major >= 15 ? " STRATEGY file_copy" : "";
        await using var create = new NpgsqlCommand($"CREATE DATABASE {Quoted(name)}{strategy}", connection);
        await create.ExecuteNonQueryAsync(cancellation);
    }

    public static async Task DropAsync(string server, string name, CancellationToken cancellation)
    {
        await using var source = SourceFor(server);
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {Quoted(name)} WITH (FORCE)", connection);
        await drop.ExecuteNonQueryAsync(cancellation);
    }

    public static async Task RenameAsync(string server, string name, string to, CancellationToken cancellation)
    {
        await using var source = SourceFor(server);
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var rename = new NpgsqlCommand($"ALTER DATABASE {Quoted(name)} RENAME TO {Quoted(to)}", connection);
        await rename.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Ends a database's other sessions and drops what is in its schema public. True when it is then as it was created: nothing in its
    /// catalogs that did not come with it, and no setting or right of its own.
    /// </summary>
    public static async Task<bool> TryEmptyAsync(string server, string name, CancellationToken cancellation)
    {
        await using var source = SourceFor(server, name);
        await using var connection = await source.OpenConnectionAsync(cancellation);
        try
        {
            var since = Stopwatch.GetTimestamp();
            while (await AskAsync(EndOthers) is long and > 0)
            {
                if (Stopwatch.GetElapsedTime(since) > EndLimit)
                    return false; // somebody connects again and again
                await Task.Delay(2, cancellation);
            }
            await AskAsync(connection.PostgreSqlVersion.Major >= 15 ? EmptyPublic : EmptyPublicUntil14);
            return await AskAsync(IsAsCreated) is true;
        }
        catch (PostgresException)
        {
            return false; // held by a prepared transaction, more objects than locks, a role that owns it and is no more
        }

        async Task<object?> AskAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync(cancellation);
        }
    }

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private const string EndOthers =
        "SELECT count(*) FROM "
            + "(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
            + "pg_backend_pid()) AS others";

    // Owner and rights of the schema as initdb makes them, which changed with PostgreSQL 15.
    private const string EmptyPublic =
        "SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE "
            + "ON SCHEMA public TO PUBLIC";

    private const string EmptyPublicUntil14 =
        "SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC";

    // Numbers from 16384 on are those of objects made after initdb (manual, "System Catalog Initial Data", OID assignment). Where no vacuum
    // runs, what was dropped stays in the catalogs, so one that has been used for long enough is not used again.
    private static readonly string IsAsCreated =
        "SELECT pg_relation_size('pg_attribute') < 4000000"
        + " AND NOT EXISTS (SELECT FROM pg_namespace WHERE oid >= 16384 AND nspname <> 'public' AND nspname !~ '^pg_(toast_)?temp_')"
        + " AND NOT EXISTS (SELECT FROM pg_largeobject_metadata)"
        + " AND NOT EXISTS "
        + "(SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database())"
        + " AND EXISTS (SELECT FROM pg_database WHERE datname = current_database() AND datacl IS NULL AND "
        + "datconnlimit = -1 AND datdba = 10)"
        + string.Concat(CatalogsWithNumbers.Select(static catalog => $" AND NOT EXISTS (SELECT FROM {catalog} WHERE oid >= 16384)"));

    private static ImmutableArray<string> CatalogsWithNumbers =>
    [
        "pg_class", "pg_type", "pg_proc", "pg_extension", "pg_language", "pg_event_trigger", "pg_default_acl", "pg_publication",
        "pg_foreign_data_wrapper",
        "pg_foreign_server", "pg_cast", "pg_operator", "pg_opclass", "pg_opfamily", "pg_am", "pg_collation", "pg_conversion",
        "pg_ts_config", "pg_ts_dict",
        "pg_ts_parser", "pg_ts_template", "pg_transform",
    ];

    // no pool: a kept connection would hold the server's last slot of a test that counts them; no types: reading them takes longer than
    // what is asked
    private static NpgsqlDataSource SourceFor(string server, string? database = null)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(server) { ConnectionStringBuilder = { Pooling = false } };
        builder.ConnectionStringBuilder.Database = database ?? builder.ConnectionStringBuilder.Database;
        builder.ConfigureTypeLoading(static loading => loading.EnableTypeLoading(false));
        return builder.Build();
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
