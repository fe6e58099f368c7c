using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Settlement;
using Npgsql;

namespace Broker.Tests.Settlement;

/// <summary>A connection with a transaction that will come into doubt, and the identity noted when it was opened.</summary>
internal sealed class Original : IAsyncDisposable
{
    private Original(NpgsqlConnection connection, BackendIdentity backend) => (Connection, Backend) = (connection, backend);

    internal NpgsqlConnection Connection { get; }

    internal BackendIdentity Backend { get; }

    internal static async Task<Original> OpenAsync(string server)
    {
        var connection = await Sql.OpenAsync(server);
        await using var identify = new NpgsqlCommand($"""
            select pg_backend_pid(), (select backend_start from pg_stat_activity where pid = pg_backend_pid()), pg_postmaster_start_time(),
                   {ServerSighting.TimelineExpression}, current_setting('server_version_num')::int
            """, connection);
        await using var row = await identify.ExecuteReaderAsync();
        await row.ReadAsync();
        return new Original(connection,
            new BackendIdentity(row.GetInt32(0), row.GetDateTime(1), row.GetDateTime(2), row.GetInt32(3), "test", row.GetInt32(4)));
    }

    /// <summary>Begins and learns the transaction id, as the first statements of a write trip do.</summary>
    internal async Task<ulong> BeginAsync()
    {
        await Connection.RunAsync("begin");
        return ulong.Parse((string)(await Connection.ScalarAsync("select pg_current_xact_id()::text"))!,
            System.Globalization.CultureInfo.InvariantCulture);
    }

    internal CommitInDoubt InDoubt(ulong? transactionId, string? key = null) => new(Backend, transactionId, CommitSent: true, key);

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}

internal static class Sql
{
    internal static async Task<NpgsqlConnection> OpenAsync(string server)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    internal static async Task RunAsync(this NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }

    internal static async Task<object?> ScalarAsync(this NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        return await command.ExecuteScalarAsync();
    }

    internal static async Task<int> RunAsync(this NpgsqlConnection connection, Statement statement)
    {
        await using var batch = SettlementRunner.BatchOf(connection, statement);
        return await batch.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until the server shows what is asked for; the test's own time limit ends a wait in vain.</summary>
    internal static async Task UntilAsync(this NpgsqlConnection connection, string condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await connection.ScalarAsync($"select {condition}") is not true)
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
