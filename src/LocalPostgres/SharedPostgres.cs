using System.Collections.Concurrent;
using Npgsql;

namespace Broker.Postgres;

/// <summary>
/// One server for all tests of a process, a database for each. It starts with the first test that asks for it and ends with the process.
/// A server that runs already may be handed over by <see cref="ServerVariable"/>; then databases are created on it, and nothing is started.
/// </summary>
public static class SharedPostgres
{
    /// <summary>The environment variable that holds a superuser's connection string to a server for tests.</summary>
    public const string ServerVariable = "BROKER_TEST_POSTGRES";

    /// <summary>A database's number within the process; the process adds a part of its own, for servers shared by several.</summary>
    private static readonly string ProcessPart = Guid.NewGuid().ToString("N")[..6];

    /// <summary>Names of databases that have been given back and are empty.</summary>
    private static readonly ConcurrentQueue<string> Spare = new();

    private static int _databases;

    /// <summary>Creates an empty database and returns its connection string.</summary>
    /// <exception cref="LocalPostgresException">No server could be started.</exception>
    public static async Task<string> CreateDatabaseAsync(CancellationToken cancellation = default)
    {
        var server = await ConnectionStringAsync();
        var name = $"test_{ProcessPart}_{Interlocked.Increment(ref _databases)}";
        // under a name of its own, for whoever keeps connections or the numbers of types by connection string
        if (Spare.TryDequeue(out var spare))
            await Database.RenameAsync(server, spare, name, cancellation);
        else
            await Database.CreateAsync(server, name, cancellation);
        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }

    /// <summary>
    /// Gives a database of <see cref="CreateDatabaseAsync"/> back; its sessions are ended. Once it is empty again a later test has it,
    /// under another name; one that cannot be emptied is dropped. Making one costs more than most tests do: it is some three hundred files.
    /// </summary>
    /// <param name="database">What <see cref="CreateDatabaseAsync"/> returned.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task ReturnDatabaseAsync(string database, CancellationToken cancellation = default)
    {
        var server = await ConnectionStringAsync();
        var name = new NpgsqlConnectionStringBuilder(database).Database!;
        if (await Database.TryEmptyAsync(server, name, cancellation))
            Spare.Enqueue(name);
        else
            await Database.DropAsync(server, name, cancellation);
    }

    /// <summary>The connection string of the server's own database <c>postgres</c>, for what concerns the whole server.</summary>
    public static async Task<string> ConnectionStringAsync() =>
        Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } given ? given : (await Started.Server).ConnectionString();

    /// <summary>
    /// A type of its own, because its initializer runs once, when it is first asked for. The keeper ends the server with the process.
    /// </summary>
    private static class Started
    {
        public static readonly Task<LocalPostgres> Server = LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
    }
}
