namespace Broker.Bench;

/// <summary>The server to measure against: one that already runs, or a private one that ends with the run.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private BenchServer(string connectionString) => ConnectionString = connectionString;

    public string ConnectionString { get; }

    public static Task<BenchServer> StartAsync(string? running) =>
        Task.FromResult(new BenchServer(running ?? throw new ArgumentException("--server is needed.")));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
