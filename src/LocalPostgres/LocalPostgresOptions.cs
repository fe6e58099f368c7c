using System.Collections.Immutable;

namespace Broker.Postgres;

/// <summary>
/// How a private server is made and started. Everything has a default that suits a durable benchmark; tests turn fsync off.
/// </summary>
public sealed record LocalPostgresOptions
{
    /// <summary>
    /// Server settings by name, passed on its command line, so they win over <c>ALTER SYSTEM</c>. Port, socket folder and listen address
    /// are not among them: the server chooses those itself. Default: none, so fsync is on.
    /// </summary>
    public ImmutableDictionary<string, string> Settings { get; init; } = [];

    /// <summary>
    /// The folder of the cluster. One that holds a cluster is used as it is; an empty or absent one gets a new cluster; both are kept when
    /// the server is disposed of. Default <c>null</c>: a temporary folder, removed when the server is disposed of or its owner dies.
    /// </summary>
    public string? DataDirectory { get; init; }

    /// <summary>
    /// The superuser's password; with it a new cluster asks every client for SCRAM-SHA-256. Default <c>null</c>: every local client is
    /// trusted.
    /// </summary>
    public string? Password { get; init; }

    /// <summary>How long a server may take to accept connections. Default 60 s.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The installation to use. Default <c>null</c>: the one that <see cref="PostgresBinaries.Find()"/> finds.</summary>
    public PostgresBinaries? Binaries { get; init; }

    /// <summary>Options for tests: a cluster that is fast because it need not survive the machine.</summary>
    public static LocalPostgresOptions Throwaway { get; } = new()
    {
        Settings = ImmutableDictionary<string, string>.Empty
            .Add("fsync", "off")
            .Add("full_page_writes", "off")
            .Add("autovacuum", "off") // its workers go round all the databases that tests leave behind
            .Add("max_connections", "200"),
    };
}
