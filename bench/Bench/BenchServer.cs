using Broker.Postgres;
using Npgsql;

namespace Broker.Bench;

/// <summary>The server to measure against: one that already runs, or a private, durable one that ends with the run.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    /// <summary>Segments of the log, of 16 MB, that are there before the first round.</summary>
    private const int LogSegments = 100;

    private readonly LocalPostgres? _own;

    private BenchServer(LocalPostgres? own, string connectionString) => (_own, ConnectionString) = (own, connectionString);

    public string ConnectionString { get; }

    /// <summary>The same over TCP, as from another machine.</summary>
    public string TcpConnectionString =>
        _own is null ? ConnectionString : _own.ConnectionString() + ";SSL Mode=Disable;GSS Encryption Mode=Disable";

    /// <param name="running">Connection string of one that runs; null for a private one.</param>
    /// <param name="settings">Settings of a private one, over those that all have.</param>
    public static async Task<BenchServer> StartAsync(string? running, IReadOnlyDictionary<string, string>? settings = null)
    {
        if (running is not null)
        {
            return new BenchServer(null, running);
        }

        var options = new LocalPostgresOptions();
        var own = await LocalPostgres.StartAsync(options with
        {
            Settings = options.Settings.Add("shared_buffers", "256MB").Add("min_wal_size", "2GB").Add("max_wal_size", "4GB")
                .Add("max_connections", "500")
                .SetItems(settings ?? new Dictionary<string, string>()),
        });
        var server = new BenchServer(own, own.SocketConnectionString() + ";SSL Mode=Disable;GSS Encryption Mode=Disable");
        await server.FillLogAsync();
        return server;
    }

    /// <summary>
    /// A server that has run for a while writes into old segments of its log; a new one makes each of them, which takes it 15 to 50 ms, and
    /// who writes fastest would pay most often. So they are made first.
    /// </summary>
    private async Task FillLogAsync()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        for (var segment = 0; segment < LogSegments; segment++)
        {
            await using var next = source.CreateCommand("select pg_logical_emit_message(false, 'bench', ''); select pg_switch_wal()");
            await next.ExecuteNonQueryAsync();
        }

        await using var recycle = source.CreateCommand("checkpoint");
        await recycle.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => _own?.DisposeAsync() ?? ValueTask.CompletedTask;
}
