using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>A client of PostgreSQL's through the gateway finds what it finds without.</summary>
public sealed class ClientTests
{
    [Theory]
    [InlineData("session")]
    [InlineData("transaction")]
    [InlineData("statement")]
    public async Task A_statement_is_answered(string mode)
    {
        await using var door = await DoorStage.OpenAsync($"mode = {mode}");
        await using var connection = await door.ConnectAsync();
        await using var command = new NpgsqlCommand("select $1::int + 1", connection) { Parameters = { new() { Value = 41 } } };

        Assert.Equal(42, await command.ExecuteScalarAsync());
        await command.PrepareAsync();
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(42, await command.ExecuteScalarAsync());
        }
    }

    [Fact]
    public async Task An_error_about_a_table_that_is_called_as_statements_are_on_servers_names_the_table()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var connection = await door.ConnectAsync();
        await using var command = new NpgsqlCommand("select 1", connection);
        await command.PrepareAsync();

        for (var number = 1; number <= 20; number++)
        {
            var error = await Assert.ThrowsAsync<PostgresException>(() => connection.ScalarAsync($"select * from broker_{number}"));
            Assert.Equal($"relation \"broker_{number}\" does not exist", error.MessageText);
        }
    }

    [Fact]
    public async Task A_null_stays_null()
    {
        await using var door = await DoorStage.OpenAsync();
        await using var connection = await door.ConnectAsync();
        await using var command = new NpgsqlCommand("select $1::text is null, $2::text is null", connection)
        {
            Parameters = { new() { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text }, new() { Value = "" } },
        };
        await using var reader = await command.ExecuteReaderAsync();

        Assert.True(await reader.ReadAsync());
        Assert.Equal((true, false), (reader.GetBoolean(0), reader.GetBoolean(1)));
    }

    [Fact]
    public async Task A_transaction_keeps_its_link_and_gives_it_back()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();
        await using (var transaction = await first.BeginTransactionAsync())
        {
            await using var pid = new NpgsqlCommand("select pg_backend_pid()", first, transaction);
            Assert.Equal(await pid.ExecuteScalarAsync(), await pid.ExecuteScalarAsync());
            await transaction.CommitAsync();
        }

        await using var other = new NpgsqlCommand("select 1", second);
        Assert.Equal(1, await other.ExecuteScalarAsync());
    }

    [Fact]
    public async Task An_error_is_told_and_the_client_goes_on()
    {
        await using var door = await DoorStage.OpenAsync();
        await using var connection = await door.ConnectAsync();
        await using var wrong = new NpgsqlCommand("select 1 / 0", connection);

        Assert.Equal("22012", (await Assert.ThrowsAsync<PostgresException>(() => wrong.ExecuteScalarAsync())).SqlState);
        await using var right = new NpgsqlCommand("select 1", connection);
        Assert.Equal(1, await right.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_transaction_of_several_statements_is_rolled_back_in_statement_mode_and_the_client_stays()
    {
        await using var door = await DoorStage.OpenAsync("mode = statement", "size = 1, overflow = 0");
        await using var connection = await door.ConnectAsync();
        await using var block = new NpgsqlCommand("create table t (n int); begin; insert into t values (1)", connection);

        Assert.Equal("0A000", (await Assert.ThrowsAsync<PostgresException>(() => block.ExecuteNonQueryAsync())).SqlState);
        await using var count = new NpgsqlCommand("select count(*) from pg_tables where tablename = 't'", connection);
        Assert.Equal(0L, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_Unix_socket_leads_to_the_same()
    {
        await using var door = await DoorStage.OpenAsync();
        await using var connection = await door.ConnectAsync(text => text.Host = door.Folder);
        await using var command = new NpgsqlCommand("select 'here'", connection);

        Assert.Equal("here", await command.ExecuteScalarAsync());
    }
}
