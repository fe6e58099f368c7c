using Npgsql;

namespace Broker.Postgres.Tests;

public sealed class LocalPostgresTests
{
    [Fact]
    public async Task A_private_server_answers_at_its_port_and_its_socket()
    {
        await using var pg = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);

        Assert.Equal("off", await ScalarAsync(pg.ConnectionString(), "SHOW fsync"));
        Assert.Equal(pg.SocketDirectory, await ScalarAsync(pg.SocketConnectionString(), "SHOW unix_socket_directories"));
        Assert.Equal("127.0.0.1", await ScalarAsync(pg.ConnectionString(), "SHOW listen_addresses"));
    }

    [Fact]
    public async Task A_server_is_durable_unless_its_settings_say_otherwise()
    {
        await using var pg = await LocalPostgres.StartAsync();

        Assert.Equal("on", await ScalarAsync(pg.ConnectionString(), "SHOW fsync"));
        Assert.Equal("on", await ScalarAsync(pg.ConnectionString(), "SHOW synchronous_commit"));
    }

    [Fact]
    public async Task Disposing_leaves_neither_a_server_nor_a_folder()
    {
        LocalPostgres pg;
        await using (pg = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway))
        {
            Assert.True(Directory.Exists(pg.DataDirectory));
        }

        Assert.False(Directory.Exists(pg.SocketDirectory));
        // Not at its port: in the meantime that may be another's.
        await Assert.ThrowsAsync<NpgsqlException>(() => ScalarAsync(pg.SocketConnectionString(), "SELECT 1"));
    }

    [Fact]
    public async Task A_server_that_was_killed_comes_back_at_its_port_with_what_was_committed()
    {
        await using var pg = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        var database = await pg.CreateDatabaseAsync("orders");
        await ScalarAsync(database, "CREATE TABLE kept AS SELECT 42 AS answer");

        await pg.KillAsync();
        await Assert.ThrowsAsync<NpgsqlException>(() => ScalarAsync(pg.SocketConnectionString(), "SELECT 1"));
        await pg.StartAgainAsync();

        Assert.Equal(42, await ScalarAsync(database, "SELECT answer FROM kept"));
    }

    [Fact]
    public async Task A_restart_keeps_port_and_databases()
    {
        await using var pg = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        var database = await pg.CreateDatabaseAsync("with \"quotes\"");
        var before = await ScalarAsync(database, "SELECT pg_postmaster_start_time()::text");

        await pg.RestartAsync();

        Assert.NotEqual(before, await ScalarAsync(database, "SELECT pg_postmaster_start_time()::text"));
    }

    [Fact]
    public async Task A_given_folder_is_kept_and_used_again()
    {
        var parent = Directory.CreateTempSubdirectory("broker-given-");
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(parent.FullName, (UnixFileMode)0b111_101_101); // the server's account has to pass through
            }

            var options = LocalPostgresOptions.Throwaway with { DataDirectory = Path.Combine(parent.FullName, "cluster") };
            await using (var first = await LocalPostgres.StartAsync(options))
            {
                await first.CreateDatabaseAsync("kept");
            }

            await using var second = await LocalPostgres.StartAsync(options);
            Assert.Equal("kept", await ScalarAsync(second.ConnectionString("kept"), "SELECT current_database()::text"));
        }
        finally
        {
            parent.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_password_is_asked_of_everybody_when_one_is_set()
    {
        await using var pg = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway with { Password = "s3cret word" });

        Assert.Equal("scram-sha-256", await ScalarAsync(pg.ConnectionString(), "SHOW password_encryption"));
        var wrong = new NpgsqlConnectionStringBuilder(pg.ConnectionString()) { Password = "guess" }.ConnectionString;
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(wrong, "SELECT 1"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_what_its_log_says_and_leaves_nothing()
    {
        var options = LocalPostgresOptions.Throwaway;
        options = options with { Settings = options.Settings.SetItem("max_connections", "minus one") };

        var failure = await Assert.ThrowsAsync<LocalPostgresException>(() => LocalPostgres.StartAsync(options));

        Assert.Contains("max_connections", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Starting_a_running_server_again_is_refused()
    {
        await using var pg = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);

        await Assert.ThrowsAsync<LocalPostgresException>(() => pg.StartAgainAsync());

        Assert.Equal(1, await ScalarAsync(pg.ConnectionString(), "SELECT 1"));
    }

    internal static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(unpooled.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
