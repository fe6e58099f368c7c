using Npgsql;

namespace Broker.Clients.Tests.Reaching;

/// <summary>Where a client connects: the server itself, or a broker before it.</summary>
/// <param name="Name">What tests call it.</param>
/// <param name="Host">An address, or the folder of a Unix socket.</param>
/// <param name="Port">The port, or the number in the socket's name.</param>
/// <param name="Database">The database, which is this endpoint's alone.</param>
/// <param name="User">The user; no password is asked for.</param>
/// <param name="Keeping">What a client may rely on.</param>
public sealed record Endpoint(string Name, string Host, int Port, string Database, string User, Keeping Keeping)
{
    /// <summary>The same database, at the server itself.</summary>
    public required Endpoint? Behind { get; init; }

    /// <summary>The server itself.</summary>
    public Endpoint Server => Behind ?? this;

    /// <summary>For Npgsql. What is not said is as it comes.</summary>
    /// <param name="more">More settings, `Key=Value;...`.</param>
    /// <param name="database">Another database.</param>
    public string ConnectionString(string more = "", string? database = null) =>
        new NpgsqlConnectionStringBuilder(more)
        {
            // By itself it waits 2 s for the end of what it has cancelled, and then gives the connection up.
            Host = Host, Port = Port, Database = database ?? Database, Username = User, CancellationTimeout = 30_000,
        }.ConnectionString;

    /// <summary>A data source of Npgsql.</summary>
    public NpgsqlDataSource Open(string more = "") => NpgsqlDataSource.Create(ConnectionString(more));

    /// <summary>For programs on libpq, by its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["PGHOST"] = Host,
        ["PGPORT"] = $"{Port}",
        ["PGDATABASE"] = Database,
        ["PGUSER"] = User,
        ["PGCONNECT_TIMEOUT"] = "20",
        ["PGCLIENTENCODING"] = "UTF8",
    };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
