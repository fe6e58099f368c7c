using System.Collections.Concurrent;
using Broker.Postgres;
using Npgsql;

namespace Broker.Clients.Tests.Reaching;

/// <summary>
/// Every way to the server that the clients are tried on. Each is started by the first test that asks for it, and has a database of its
/// own.
/// </summary>
internal static class Endpoints
{
    /// <summary>The server itself: what the clients expect is what they find there.</summary>
    internal const string Direct = "direct";

    private const string Variable = "BROKER_TEST_WAYS";

    /// <summary>A second database of each endpoint, empty until EF Core makes its tables in it.</summary>
    internal const string SecondDatabase = "_second";

    /// <summary>
    /// The ways. One through the broker is a line here: its name, what a client may rely on, what its gateway is told beyond where to
    /// listen, and the size of its pool: `new("transaction", Keeping.Transaction, "mode = transaction", ByFolder: false, Pool: 8)`. Where
    /// clients keep their connections there must be one for each of two tests at a time, which have 30 clients at most.
    /// </summary>
    private static readonly Way[] AllWays =
    [
        new(Direct, Keeping.Session, Gateway: null, ByFolder: false, Pool: 0),
        new("session", Keeping.Session, "mode = session, application-name = exact", ByFolder: true, Pool: 64),
        new("transaction", Keeping.Transaction, "mode = transaction, application-name = exact", ByFolder: false, Pool: 8),
        new("statement", Keeping.Statement, "mode = statement, application-name = exact", ByFolder: false, Pool: 8),
    ];

    /// <summary>Those that the variable names, with commas between; all when it names none.</summary>
    private static readonly Way[] Ways = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
        ? [.. AllWays.Where(way => named.Split(',').Contains(way.Name))]
        : AllWays;

    private static readonly ConcurrentDictionary<string, Task<Endpoint>> Started = new();

    /// <summary>The names of all.</summary>
    internal static IEnumerable<string> All => Ways.Select(way => way.Name);

    /// <summary>The names of those on which a client may rely on so much.</summary>
    internal static IEnumerable<string> That(Keeping keep) => Ways.Where(way => way.Keeping >= keep).Select(way => way.Name);

    /// <summary>The endpoint of a name.</summary>
    internal static Task<Endpoint> OpenAsync(string name) =>
        Started.GetOrAdd(name, static name => StartAsync(Ways.Single(way => way.Name == name)));

    private static async Task<Endpoint> StartAsync(Way way)
    {
        var database = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        await using (var source = NpgsqlDataSource.Create(database.ConnectionString))
        await using (var second = source.CreateCommand($"create database {database.Database}{SecondDatabase}"))
        {
            await second.ExecuteNonQueryAsync();
        }
        var server = new Endpoint(Direct, database.Host!, database.Port, database.Database!, database.Username!, Keeping.Session)
        {
            Behind = null,
        };
        return way.Gateway is null ? server : await BrokerBefore.StartAsync(server, database.Password, way);
    }

    /// <summary>One of them.</summary>
    internal sealed record Way(string Name, Keeping Keeping, string? Gateway, bool ByFolder, int Pool);
}
