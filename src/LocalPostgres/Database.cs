using Npgsql;

namespace Broker.Postgres;

/// <summary>Creates databases on a server.</summary>
internal static class Database
{
    public static async Task CreateAsync(string server, string name, CancellationToken cancellation)
    {
        // no pool: a kept connection would hold the server's last slot of a test that counts them
        var unpooled = new NpgsqlConnectionStringBuilder(server) { Pooling = false };
        await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
        await create.ExecuteNonQueryAsync(cancellation);
    }
}
