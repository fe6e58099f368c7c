using Npgsql;

namespace Broker.Tests.Gateway.Door;

/// <summary>Says a statement in one line.</summary>
internal static class Asking
{
    /// <summary>The first value of the first row.</summary>
    internal static async Task<object?> ScalarAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
