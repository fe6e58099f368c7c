using System.Diagnostics;

namespace Broker.Bench.Gateways;

/// <summary>PgBouncer in transaction mode, as Debian has it, asking nobody who they are.</summary>
internal sealed class PgBouncer : IPooler
{
    public const string PoolerName = "pgbouncer";

    /// <summary>Whom it becomes when it is started by root, which it refuses to run as.</summary>
    private const string Unprivileged = "nobody";

    private readonly Daemon _daemon;

    private PgBouncer(Daemon daemon, ServerAddress address) => (_daemon, Address) = (daemon, address);

    public string Name => PoolerName;

    public ServerAddress Address { get; }

    public Process Process => _daemon.Process;

    private static string? Program =>
        ((string[])["/usr/sbin", "/usr/bin", .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)])
            .Select(folder => Path.Combine(folder, PoolerName)).FirstOrDefault(File.Exists);

    /// <summary>
    /// Prepared statements come with version 1.21; with an older one, clients that prepare would fail at each other's names.
    /// </summary>
    public GatewayMode Instead(GatewayMode mode) => mode is GatewayMode.Prepared ? GatewayMode.Extended : mode;

    public static async Task<PgBouncer> StartAsync(ServerAddress server, GatewayOptions options)
    {
        var program = Program
            ?? throw new PoolerFailedException("pgbouncer is not installed; with root, this would do it: apt-get install pgbouncer");
        var address = new ServerAddress(Daemon.FreePort());
        string[] user = Environment.UserName == "root" ? ["--user", Unprivileged] : [];
        var daemon = Daemon.Start(PoolerName, Settings(server, address, options), file => (program, ["--quiet", .. user, file]));
        await daemon.WaitForClientsAsync(address);
        return new PgBouncer(daemon, address);
    }

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    private static string Settings(ServerAddress server, ServerAddress address, GatewayOptions options) => $"""
        [databases]
        {ServerAddress.Database} = host={ServerAddress.Host} port={server.Port} user={ServerAddress.User}

        [pgbouncer]
        listen_addr = {ServerAddress.Host}
        listen_port = {address.Port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        default_pool_size = {options.Pool}
        max_client_conn = {Math.Max(options.Idle, options.Clients.Max()) + 1_000}
        listen_backlog = 1024
        server_tls_sslmode = disable
        log_connections = 0
        log_disconnections = 0
        log_stats = 0
        """;
}
