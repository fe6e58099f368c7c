using Npgsql;

namespace Broker.Clients.Tests.Reaching;

/// <summary>One statement, by Npgsql.</summary>
internal static class Statements
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Runs it.</summary>
    internal static async Task RunAsync(this NpgsqlDataSource source, string text)
    {
        await using var command = source.CreateCommand(text);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs it, and gives the first value of its first row.</summary>
    internal static async Task<object?> ScalarAsync(this NpgsqlDataSource source, string text)
    {
        await using var command = source.CreateCommand(text);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Runs it.</summary>
    internal static async Task RunAsync(this NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs it, and gives the first value of its first row.</summary>
    internal static async Task<object?> ScalarAsync(this NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Runs it at the server itself.</summary>
    internal static async Task<object?> AtServerAsync(this Endpoint endpoint, string text)
    {
        await using var source = endpoint.Server.Open();
        return await source.ScalarAsync(text);
    }

    /// <summary>Waits until a statement with this mark in its text sleeps at the server, or waits for a lock.</summary>
    internal static async Task UntilItWaitsAsync(this Endpoint endpoint, string mark)
    {
        using var limit = new CancellationTokenSource(Limit);
        await using var source = endpoint.Server.Open();
        await using var waits = source.CreateCommand($"""
            select count(*) from pg_stat_activity
            where datname = current_database() and query like '%{mark}%' and (wait_event = 'PgSleep' or wait_event_type = 'Lock')
            """);
        while ((long)(await waits.ExecuteScalarAsync(limit.Token))! == 0)
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
