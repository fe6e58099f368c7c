using Broker.Postgres;

namespace Broker.Bench;

/// <summary>The server to measure against: one that already runs, or a private, durable one that ends with the run.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly LocalPostgres? _own;

    private BenchServer(LocalPostgres? own, string connectionString) => (_own, ConnectionString) = (own, connectionString);

    public string ConnectionString { get; }

    public static async Task<BenchServer> StartAsync(string? running)
    {
        if (running is not null)
        {
            return new BenchServer(null, running);
        }

        var options = new LocalPostgresOptions();
        var own = await LocalPostgres.StartAsync(options with
        {
            Settings = options.Settings.Add("shared_buffers", "256MB").Add("max_wal_size", "4GB").Add("max_connections", "500"),
        });
        return new BenchServer(own, own.SocketConnectionString() + ";SSL Mode=Disable;GSS Encryption Mode=Disable");
    }

    public ValueTask DisposeAsync() => _own?.DisposeAsync() ?? ValueTask.CompletedTask;
}
