using System.Data;
using System.Data.Common;
using Broker.Ado.Tests.Comparing;
using Xunit;

namespace Broker.Ado.Tests;

public sealed class ReaderTests
{
    private const string Three = "select id, name, born from people order by id limit 3";

    [Fact]
    public Task Rows_are_read_one_after_the_other() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command(Three);
        using var reader = command.ExecuteReader();
        seen.Add((reader.FieldCount, reader.VisibleFieldCount, reader.HasRows, reader.IsClosed, reader.Depth, reader.RecordsAffected));
        while (reader.Read())
        {
            var values = new object[5];
            seen.Add(reader.GetValues(values));
            seen.Add(values);
            seen.Add((reader[0], reader["name"]));
        }
        seen.Add(reader.Read());
        seen.Add(reader.NextResult());
        reader.Close();
        seen.Add(reader.IsClosed);
    });

    [Fact]
    public Task Rows_are_enumerated_as_records() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command(Three);
        using var reader = command.ExecuteReader();
        foreach (IDataRecord record in reader)
        {
            seen.Add(record.GetInt32(0));
        }
    });

    [Fact]
    public Task A_column_is_found_by_its_exact_name_and_then_by_any_case() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("select 1 as one, 2 as \"ONE\", 3 as \"Two\"");
        using var reader = command.ExecuteReader();
        seen.Add(reader.GetOrdinal("one"));
        seen.Add(reader.GetOrdinal("ONE"));
        seen.Add(reader.GetOrdinal("two"));
        seen.Try("none", () => reader.GetOrdinal("three"));
        seen.Try("empty", () => reader.GetOrdinal(""));
        seen.Add((reader.GetName(0), reader.GetName(2)));
        seen.Try("outside", () => reader.GetName(3));
        seen.Try("negative", () => reader.GetName(-1));
    });

    [Fact]
    public Task Values_are_there_only_while_there_is_a_row() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("select 1 where true");
        using var reader = command.ExecuteReader();
        seen.Try("before", () => reader.GetInt32(0));
        seen.Try("before, null", () => reader.IsDBNull(0));
        reader.Read();
        seen.Try("on", () => reader.GetInt32(0));
        seen.Try("outside", () => reader.GetInt32(1));
        seen.Try("negative", () => reader.GetValue(-1));
        reader.Read();
        seen.Try("behind", () => reader.GetValue(0));
        seen.Try("name behind", () => reader.GetName(0));
        reader.NextResult();
        seen.Try("no result", () => reader.GetName(0));
        seen.Try("no result, type", () => reader.GetFieldType(0));
        seen.Add(reader.FieldCount);
        reader.Close();
        seen.Try("closed", () => reader.Read());
        seen.Try("closed, next", () => reader.NextResult());
        seen.Try("closed, value", () => reader.GetValue(0));
        seen.Try("closed, count", () => reader.FieldCount);
        seen.Try("closed, rows", () => reader.HasRows);
        seen.Try("closed, depth", () => reader.Depth);
        seen.Try("closed, affected", () => reader.RecordsAffected);
    });

    [Fact]
    public Task A_result_without_rows_has_columns() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("select id, name from people where false");
        using var reader = command.ExecuteReader();
        seen.Add((reader.FieldCount, reader.HasRows, reader.GetName(1), reader.GetFieldType(0).Name, reader.Read()));
    });

    [Fact]
    public Task A_statement_without_a_result_has_none() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("update people set name = name where id <= 2");
        using var reader = command.ExecuteReader();
        seen.Add((reader.FieldCount, reader.HasRows, reader.Read(), reader.RecordsAffected, reader.NextResult()));
        seen.Try("name", () => reader.GetName(0));
    });

    [Fact]
    public Task Changed_rows_that_are_returned_count() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("update people set name = name where id <= 2 returning id");
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            seen.Add(reader.GetInt32(0));
        }
        seen.Add(reader.NextResult());
        seen.Add(reader.RecordsAffected);
    });

    [Fact]
    public Task Several_results_follow_each_other_and_what_has_none_is_passed() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command(
            "update people set name = name where id = 1; select 1 as a; update people set name = name where id <= 2; select 2 as b, 3 as c; select 4 where false; update people set name = name where id <= 3");
        using var reader = command.ExecuteReader();
        do
        {
            seen.Add((reader.FieldCount, reader.HasRows, reader.GetName(0)));
            while (reader.Read())
            {
                seen.Add(reader.GetValue(0));
            }
        }
        while (reader.NextResult());
        seen.Add(reader.FieldCount);
        reader.Close();
        seen.Add(reader.RecordsAffected);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Results_without_rows_stand_among_others(bool inTransaction) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = inTransaction ? await connection.BeginTransactionAsync() : null;
        await using var command = connection.Command(
            "select 1 as a where false; update people set name = name where id = 1; select 2 as b; select 3 as c where false; select 4 as d where false; update people set name = name where false; select 5 as e");
        await using var reader = await command.ExecuteReaderAsync();
        do
        {
            seen.Add((reader.FieldCount, reader.HasRows, reader.GetName(0)));
            while (await reader.ReadAsync())
            {
                seen.Add(reader.GetValue(0));
            }
        }
        while (await reader.NextResultAsync());
        seen.Add(reader.RecordsAffected);
        await reader.CloseAsync();
        seen.Add(await connection.ScalarAsync("select 6 where false"));
        await using var empty = connection.Command("select id, name from people where false");
        await using var none = await empty.ExecuteReaderAsync();
        seen.Add((none.FieldCount, none.HasRows));
    });

    [Theory]
    [InlineData(CommandBehavior.Default)]
    [InlineData(CommandBehavior.SingleRow)]
    [InlineData(CommandBehavior.SingleResult)]
    [InlineData(CommandBehavior.SequentialAccess)]
    [InlineData(CommandBehavior.SequentialAccess | CommandBehavior.SingleResult)]
    [InlineData(CommandBehavior.SequentialAccess | CommandBehavior.SingleResult | CommandBehavior.SingleRow)]
    [InlineData(CommandBehavior.SchemaOnly)]
    [InlineData(CommandBehavior.KeyInfo)]
    public Task What_is_asked_for_is_what_is_given(CommandBehavior behavior) => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("select id from people order by id limit 2; select 7 as seven");
        using var reader = command.ExecuteReader(behavior);
        do
        {
            seen.Add(reader.GetName(0));
            while (reader.Read())
            {
                seen.Add(reader.GetValue(0));
            }
        }
        while (reader.NextResult());
    });

    [Fact]
    public Task A_connection_may_be_closed_with_its_reader() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("select 1");
        using (command.ExecuteReader(CommandBehavior.CloseConnection))
        {
            seen.Add(connection.State);
        }
        seen.Add(connection.State);
    });

    [Theory]
    [InlineData("select 1 / 0")]
    [InlineData("")]
    public Task A_connection_is_closed_where_there_is_no_reader_to_close_it_with(string text) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var command = connection.Command(text);
        await seen.TryAsync("waited for", () => command.ExecuteReaderAsync(CommandBehavior.CloseConnection));
        seen.Add(connection.State);
        await connection.OpenAsync();
        seen.Try("at once", () => command.ExecuteReader(CommandBehavior.CloseConnection));
        seen.Add(connection.State);
    });

    [Fact]
    public Task Bytes_and_characters_are_copied_in_parts() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command("select '\\x0102030405'::bytea, 'héllo'");
        using var reader = command.ExecuteReader();
        reader.Read();
        var (bytes, chars) = (new byte[10], new char[10]);
        seen.Add(reader.GetBytes(0, 0, null, 0, 0));
        seen.Add((reader.GetBytes(0, 1, bytes, 2, 3), Convert.ToHexString(bytes)));
        seen.Add((reader.GetBytes(0, 3, bytes, 0, 10), Convert.ToHexString(bytes)));
        seen.Add(reader.GetBytes(0, 9, bytes, 0, 1));
        seen.Try("negative", () => reader.GetBytes(0, -1, bytes, 0, 1));
        seen.Add((reader.GetChars(1, 1, chars, 1, 3), new string(chars).Replace('\0', '.')));
        seen.Try("chars of bytes", () => reader.GetChars(0, 0, chars, 0, 1));
    });

    [Fact]
    public Task A_result_says_what_its_columns_are() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var command = connection.Command("select 1 as a, 'x' as b, 1.5::numeric(6, 2) as c, 'v'::varchar(7) as h, now()::timestamp(3) as i, now() as d, true as e, array[1] as f, null as g");
        await using var reader = await command.ExecuteReaderAsync();
        foreach (var column in await reader.GetColumnSchemaAsync())
        {
            seen.Add((column.ColumnName, column.ColumnOrdinal, column.DataType?.Name, column.DataTypeName, column.NumericPrecision,
                column.NumericScale, column.ColumnSize));
        }
        var table = (await reader.GetSchemaTableAsync())!;
        foreach (DataRow row in table.Rows)
        {
            seen.Add((row["ColumnName"], row["ColumnOrdinal"], row["DataType"]));
        }
    });

    [Fact]
    public Task A_table_can_be_loaded() => Compare.Same((connection, seen) =>
    {
        using var command = connection.Command(Three);
        using var reader = command.ExecuteReader();
        using var table = new DataTable();
        table.Load(reader);
        seen.Add((table.Rows.Count, table.Columns.Count, table.Rows[1]["name"], table.Columns["born"]!.DataType.Name));
    });
}
