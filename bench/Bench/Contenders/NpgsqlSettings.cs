using Npgsql;

namespace Broker.Bench.Contenders;

/// <summary>How every contender on Npgsql is set up.</summary>
internal static class NpgsqlSettings
{
    public static NpgsqlConnectionStringBuilder For(string connectionString, int maximumConnections) => new(connectionString)
    {
        Pooling = true,
        MaxPoolSize = maximumConnections,
        MaxAutoPrepare = 20,
        AutoPrepareMinUsages = 2,
        Enlist = false,
        Timeout = 60,
        CommandTimeout = 60,
    };
}
