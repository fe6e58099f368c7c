namespace Broker.Bench.Gateways;

/// <summary>Where clients connect, on this machine.</summary>
internal sealed record ServerAddress(int Port)
{
    public const string Host = "127.0.0.1";
    public const string User = "postgres";
    public const string Database = "bench";
}
