using System.Data;
using System.Data.Common;
using Broker.Ado.Tests.Comparing;
using Xunit;

namespace Broker.Ado.Tests;

public sealed class BatchTests
{
    private static DbBatch Batch(DbConnection connection, params string[] texts)
    {
        var batch = connection.CreateBatch();
        foreach (var text in texts)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = text;
            batch.BatchCommands.Add(command);
        }
        return batch;
    }

    private static void With(DbBatchCommand command, string name, object? value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    [Fact]
    public Task Results_follow_each_other() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var batch = Batch(connection, "select @a", "update people set name = name where id <= @a", "select @a, 3",
            "select 4 where false");
        foreach (DbBatchCommand command in batch.BatchCommands.Take(3))
        {
            With(command, "a", 2);
        }
        await using var reader = await batch.ExecuteReaderAsync();
        do
        {
            seen.Add(reader.FieldCount);
            while (await reader.ReadAsync())
            {
                seen.Add(reader.GetValue(reader.FieldCount - 1));
            }
        }
        while (await reader.NextResultAsync());
        await reader.CloseAsync();
        seen.Add(reader.RecordsAffected);
        seen.Add(batch.BatchCommands.Select(command => command.RecordsAffected).ToArray());
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task All_are_carried_out_or_none(bool inTransaction) => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        var transaction = inTransaction ? await connection.BeginTransactionAsync() : null;
        await using var batch = Batch(connection, "insert into people values (200, 'a')",
            "insert into people values (201, 'b'), (202, 'c')", "select 7");
        seen.Add(await batch.ExecuteNonQueryAsync());
        seen.Add(batch.BatchCommands.Select(command => command.RecordsAffected).ToArray());
        await using var failing = Batch(connection, "insert into people values (203, 'd')", "insert into people values (200, 'again')",
            "insert into people values (204, 'e')");
        await seen.TryAsync("fails", () => failing.ExecuteNonQueryAsync());
        await (transaction?.DisposeAsync() ?? default);
        seen.Add(await connection.ScalarAsync("select count(*) from people where id between 200 and 209"));
        await connection.RunAsync("delete from people where id between 200 and 209");
    });

    [Fact]
    public Task The_first_value_is_the_scalar() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var batch = Batch(connection, "update people set name = name where id = 1", "select 5", "select 6");
        seen.Add(await batch.ExecuteScalarAsync());
        seen.Add(batch.ExecuteScalar());
        seen.Add(batch.ExecuteNonQuery());
        using var reader = batch.ExecuteReader();
        seen.Add(reader.Read());
    });

    [Fact]
    public Task One_command_is_a_batch_too() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var batch = Batch(connection, "select $1");
        With(batch.BatchCommands[0], "", 5);
        seen.Add(await batch.ExecuteScalarAsync());
        seen.Add((batch.Timeout, batch.BatchCommands.Count, batch.Connection == connection, batch.BatchCommands[0].CommandType));
        batch.BatchCommands.Clear();
        seen.Add(batch.BatchCommands.Count);
    });

    [Fact]
    public Task Differs_several_statements_in_one_command_are_refused_in_other_words() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await using var batch = Batch(connection, "select 1; select 2");
            await seen.TryAsync("several", () => batch.ExecuteScalarAsync());
        }, ["several: SQLSTATE 42601"], ["several: SQLSTATE 0A000"]);

    [Fact]
    public Task A_batch_of_the_data_source_needs_no_connection() => Compare.SameAsync(async (DbDataSource source, Seen seen) =>
    {
        await using var batch = source.CreateBatch();
        foreach (var text in new[] { "select 1", "select 2" })
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = text;
            batch.BatchCommands.Add(command);
        }
        await using var reader = await batch.ExecuteReaderAsync(CommandBehavior.Default);
        await reader.NextResultAsync();
        seen.Add(await reader.ReadAsync());
        seen.Add(reader.GetInt32(0));
    });

    [Fact]
    public Task Procedures_are_called_in_a_batch() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var batch = Batch(connection, "rename", "select name from people where id = 10");
        batch.BatchCommands[0].CommandType = CommandType.StoredProcedure;
        With(batch.BatchCommands[0], "which", 10);
        With(batch.BatchCommands[0], "called", "Batched");
        seen.Add(await batch.ExecuteScalarAsync());
    });

    [Fact]
    public Task Only_the_columns_of_a_batch_are_asked_for() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var batch = Batch(connection, "select 1 as a, 2 as b", "select 3 as c");
        await using var reader = await batch.ExecuteReaderAsync(CommandBehavior.SchemaOnly);
        do
        {
            seen.Add(Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToArray());
            seen.Add(await reader.ReadAsync());
        }
        while (await reader.NextResultAsync());
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Differs_the_columns_of_a_write_in_a_batch_are_refused_and_nothing_runs(bool inTransaction) => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await using (var transaction = inTransaction ? await connection.BeginTransactionAsync() : null)
            {
                await using var batch = Batch(connection, "select 1", "insert into people values (210, 'unwanted') returning id");
                await seen.TryAsync("columns", async () =>
                {
                    await using var reader = await batch.ExecuteReaderAsync(CommandBehavior.SchemaOnly);
                    return reader.FieldCount;
                });
                await (transaction?.CommitAsync() ?? Task.CompletedTask);
            }
            seen.Add(await connection.ScalarAsync("select count(*) from people where id = 210"));
        }, ["columns: Int32 1", "Int64 0"], ["columns: NotSupportedException", "Int64 0"]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_batch_without_commands_has_no_results(bool inTransaction) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = inTransaction ? await connection.BeginTransactionAsync() : null;
        await using var batch = Batch(connection);
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            seen.Add((reader.FieldCount, reader.HasRows, await reader.ReadAsync(), await reader.NextResultAsync(), reader.RecordsAffected));
        }
        seen.Add(await batch.ExecuteScalarAsync());
        seen.Add(await batch.ExecuteNonQueryAsync());
        seen.Add(await connection.ScalarAsync("select 1"));
    });

    [Fact]
    public Task A_batch_that_fails_closes_the_connection_that_its_reader_would() =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var batch = Batch(connection, "select 1", "select 1 / 0");
        await seen.TryAsync("fails", async () =>
        {
            await using var reader = await batch.ExecuteReaderAsync(CommandBehavior.CloseConnection);
            while (await reader.NextResultAsync())
            {
            }
        });
        seen.Add(connection.State);
    });
}
