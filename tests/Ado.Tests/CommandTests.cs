using System.Data;
using System.Data.Common;
using Broker.Ado.Tests.Comparing;
using Xunit;

namespace Broker.Ado.Tests;

public sealed class CommandTests
{
    [Theory]
    [InlineData("select 1")]
    [InlineData("select 1, 2")]
    [InlineData("select null")]
    [InlineData("select 1 where false")]
    [InlineData("update people set name = name where id <= 2")]
    [InlineData("update people set name = name where false")]
    [InlineData("update people set name = name where id = 1 returning id")]
    [InlineData("create table if not exists made (id int)")]
    [InlineData("insert into pets values (900, 1, 'cat'); delete from pets where id = 900")]
    [InlineData("select 1; update people set name = name where id <= 2; select 2")]
    [InlineData("update people set name = name where id = 1; select 5")]
    [InlineData("select 1;")]
    [InlineData(" ; select 1 ; ")]
    [InlineData("-- nothing")]
    [InlineData(";;")]
    [InlineData("-- a\n; -- b")]
    [InlineData("update people set name = name where id = 1; -- done")]
    [InlineData("update people set name = name where id = 1;\n/* done */\n")]
    [InlineData("update people set name = name where id = 1 returning id; -- done")]
    [InlineData("update people set name = name where id = 1; ; -- done")]
    [InlineData("-- a\n; /* b */; update people set name = name where id = 1")]
    [InlineData("-- a\n; select 5; -- b\n; select 6")]
    [InlineData("do $$ begin perform 1; end $$; select 3")]
    public Task A_text_answers_the_same(string text) => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await seen.TryAsync("scalar", async () => await connection.ScalarAsync(text));
        await seen.TryAsync("rows", async () => await connection.RunAsync(text));
        await using var command = connection.Command(text);
        seen.Try("scalar, synchronously", () => command.ExecuteScalar());
        seen.Try("rows, synchronously", () => command.ExecuteNonQuery());
        await seen.TryAsync("results", () => ResultsAsync(command));
        await using var transaction = await connection.BeginTransactionAsync();
        await seen.TryAsync("scalar, in a transaction", () => command.ExecuteScalarAsync());
        await seen.TryAsync("results, in a transaction", () => ResultsAsync(command));
        await transaction.RollbackAsync();
    });

    private static async Task<string> ResultsAsync(DbCommand command)
    {
        await using var reader = await command.ExecuteReaderAsync();
        var results = new List<string>();
        do
        {
            var rows = 0;
            while (await reader.ReadAsync())
            {
                rows++;
            }
            results.Add($"{reader.FieldCount} columns, {rows} rows");
        }
        while (await reader.NextResultAsync());
        return $"{string.Join("; ", results)}; {reader.RecordsAffected}";
    }

    [Fact]
    public Task Several_statements_are_all_carried_out_or_none() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await seen.TryAsync("both",
            () => connection.RunAsync("insert into people values (50, 'fifty'); insert into people values (50, 'again')"));
        seen.Add(await connection.ScalarAsync("select count(*) from people where id = 50"));
    });

    [Fact]
    public Task A_command_needs_a_text_and_an_open_connection() => Compare.Same((connection, seen) =>
    {
        using var command = connection.CreateCommand();
        seen.Try("no text", () => command.ExecuteScalar());
        command.CommandText = null;
        seen.Add(command.CommandText);
        command.CommandText = "select 1";
        command.Connection = null;
        seen.Try("no connection", () => command.ExecuteScalar());
        command.Connection = connection;
        seen.Add(command.ExecuteScalar());
        connection.Close();
        seen.Try("closed", () => command.ExecuteScalar());
        seen.Try("closed, reader", () => command.ExecuteReader());
    });

    [Fact]
    public Task What_a_command_is_at_first() => Compare.Same((connection, seen) =>
    {
        using var command = connection.CreateCommand();
        seen.Add((command.CommandText, command.CommandType, command.CommandTimeout, command.UpdatedRowSource, command.DesignTimeVisible,
            command.Transaction is null));
        seen.Add(ReferenceEquals(connection, command.Connection));
        seen.Try("timeout", () => command.CommandTimeout = -1);
        command.CommandTimeout = 0;
        seen.Add(command.CommandTimeout);
    });

    [Fact]
    public Task A_procedure_is_called_and_a_table_is_read() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var call = connection.Command("rename", ("which", 9), ("called", "Once"));
        call.CommandType = CommandType.StoredProcedure;
        seen.Add(await call.ExecuteNonQueryAsync());
        await using var unnamed = connection.Command("rename", ("", 9), ("", "Twice"));
        unnamed.CommandType = CommandType.StoredProcedure;
        seen.Add(await unnamed.ExecuteNonQueryAsync());
        seen.Add(await connection.ScalarAsync("select name from people where id = 9"));
        await using var mixed = connection.Command("rename", ("which", 9), ("", "Mixed"));
        mixed.CommandType = CommandType.StoredProcedure;
        await seen.TryAsync("mixed", () => mixed.ExecuteNonQueryAsync());
        await using var table = connection.Command("people");
        table.CommandType = CommandType.TableDirect;
        seen.Add(await table.ExecuteScalarAsync() is int);
    });

    [Fact]
    public Task A_token_that_has_fired_ends_it_before_it_begins() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        using var fired = new CancellationTokenSource();
        await fired.CancelAsync();
        await using var command = connection.Command("select 1");
        await seen.TryAsync("scalar", async () => await command.ExecuteScalarAsync(fired.Token));
        await seen.TryAsync("reader", async () => await command.ExecuteReaderAsync(fired.Token));
    });

    [Fact]
    public Task A_token_ends_what_runs() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        using var soon = new CancellationTokenSource();
        await using var command = connection.Command("select pg_sleep(20), 'by token'");
        var running = command.ExecuteScalarAsync(soon.Token);
        await Waits.UntilItSleepsAsync("by token");
        await soon.CancelAsync();
        await seen.TryAsync("cancelled", async () => await running);
        seen.Add(await connection.ScalarAsync("select 1"));
    });

    [Fact]
    public Task Cancel_ends_what_runs() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var command = connection.Command("select pg_sleep(20), 'by cancel'");
        command.Cancel();
        var running = command.ExecuteScalarAsync();
        await Waits.UntilItSleepsAsync("by cancel");
        command.Cancel();
        await seen.TryAsync("cancelled", async () => await running);
        command.Cancel();
        seen.Add(await connection.ScalarAsync("select 1"));
    });

    [Fact]
    public Task A_command_of_the_data_source_needs_no_connection() => Compare.SameAsync(async (DbDataSource source, Seen seen) =>
    {
        await using var command = source.CreateCommand("select @a + 1");
        command.With("a", 4);
        seen.Add(await command.ExecuteScalarAsync());
        await using var reader = await command.ExecuteReaderAsync();
        seen.Add(await reader.ReadAsync());
        seen.Add(reader.GetInt32(0));
    });

    [Fact]
    public Task Preparing_changes_nothing() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var command = connection.Command("select @a + 1", ("a", 4));
        await command.PrepareAsync();
        seen.Add(await command.ExecuteScalarAsync());
        command.Parameters[0].Value = 5;
        seen.Add(await command.ExecuteScalarAsync());
    });
}
