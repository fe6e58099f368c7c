using System.Data;
using System.Data.Common;
using Broker.Ado.Tests.Comparing;
using Broker.Client;
using Broker.Client.Ado;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Ado.Tests;

/// <summary>Rows that are read as they come.</summary>
public sealed class StreamingTests
{
    // More than `errands.result-limit` allows.
    private const string Large = "select n, repeat('x', 1000) as filling from generate_series(1, 20000) n";

    private static async Task<BrokerDataSource> StreamingAsync() =>
        new((await Sides.BothAsync()).Client, "shop", new() { Streaming = true, CursorRows = 1000 });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_result_of_any_size_is_read(bool inTransaction)
    {
        await using var source = await StreamingAsync();
        await using var connection = source.OpenConnection();
        await using var transaction = inTransaction ? connection.BeginTransaction() : null;
        await using var command = connection.Command(Large);
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(reader.HasRows);
        Assert.Equal("filling", reader.GetName(1));
        var sum = 0L;
        while (await reader.ReadAsync())
        {
            sum += reader.GetInt32(0);
        }
        Assert.Equal(20000L * 20001 / 2, sum);
        Assert.False(await reader.ReadAsync());
        Assert.False(await reader.NextResultAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_read_synchronously_too_and_may_be_left(bool inTransaction)
    {
        await using var source = await StreamingAsync();
        using var connection = source.OpenConnection();
        using var transaction = inTransaction ? connection.BeginTransaction() : null;
        using (var command = connection.Command(Large))
        using (var reader = command.ExecuteReader(CommandBehavior.SequentialAccess))
        {
            for (var n = 1; n <= 1500; n++)
            {
                Assert.True(reader.Read());
                Assert.Equal(n, reader.GetInt32(0));
            }
        }
        Assert.Equal(1, await connection.ScalarAsync("select 1"));
    }

    [Fact]
    public async Task A_cursor_that_is_left_is_closed_and_its_transaction_goes_on()
    {
        await using var source = await StreamingAsync();
        await using var connection = source.OpenConnection();
        await using var transaction = connection.BeginTransaction();
        await using (var command = connection.Command(Large))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            Assert.True(await reader.ReadAsync());
            Assert.Equal(1L, await connection.ScalarAsync("select count(*) from pg_cursors where statement like 'DECLARE%'"));
        }
        Assert.Equal(0L, await connection.ScalarAsync("select count(*) from pg_cursors where statement like 'DECLARE%'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_result_without_rows_has_columns(bool inTransaction)
    {
        await using var source = await StreamingAsync();
        await using var connection = source.OpenConnection();
        await using var transaction = inTransaction ? connection.BeginTransaction() : null;
        await using var command = connection.Command("select 1 as a, 2 as b where false");
        await using var reader = await command.ExecuteReaderAsync();
        Assert.Equal((2, false, "b"), (reader.FieldCount, reader.HasRows, reader.GetName(1)));
        Assert.False(await reader.ReadAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_no_cursor_can_read_is_read_all_the_same(bool inTransaction)
    {
        await using var source = await StreamingAsync();
        await using var connection = source.OpenConnection();
        await using var transaction = inTransaction ? connection.BeginTransaction() : null;
        await using var command =
            connection.Command("with changed as (update people set name = name where id <= 2 returning id) select count(*) from changed");
        await using (var reader = await command.ExecuteReaderAsync())
        {
            Assert.True(await reader.ReadAsync());
            Assert.Equal(2L, reader.GetInt64(0));
            Assert.False(await reader.ReadAsync());
        }
        await using var returning = connection.Command("update people set name = name where id <= 2 returning id");
        await using var rows = await returning.ExecuteReaderAsync();
        Assert.True(await rows.ReadAsync());
        Assert.Equal(2, rows.RecordsAffected);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_in_the_middle_is_told_where_it_is(bool inTransaction)
    {
        await using var source = await StreamingAsync();
        await using var connection = source.OpenConnection();
        await using var transaction = inTransaction ? connection.BeginTransaction() : null;
        await using var command = connection.Command("select 1 / (15000 - n) from generate_series(1, 20000) n");
        await using var reader = await command.ExecuteReaderAsync();
        var thrown = await Assert.ThrowsAsync<BrokerException>(async () =>
        {
            while (await reader.ReadAsync())
            {
            }
        });
        Assert.Equal("22012", thrown.SqlState);
    }

    [Fact]
    public async Task The_row_that_was_asked_for_is_the_only_one()
    {
        await using var source = await StreamingAsync();
        await using var connection = source.OpenConnection();
        await using var command = connection.Command(Large);
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleRow);
        Assert.True(await reader.ReadAsync());
        Assert.False(await reader.ReadAsync());
    }

    [Fact]
    public async Task A_timeout_ends_a_chunk_and_not_the_time_between_chunks()
    {
        await using var source = await StreamingAsync();
        await using var connection = source.OpenConnection();
        await using var command = connection.Command("select n, case when n = 4000 then pg_sleep(20) end from generate_series(1, 5000) n");
        command.CommandTimeout = 3;
        await using var reader = await command.ExecuteReaderAsync();
        var thrown = await Assert.ThrowsAsync<BrokerException>(async () =>
        {
            while (await reader.ReadAsync())
            {
            }
        });
        Assert.IsType<Cancelled>(thrown.Failure);
        Assert.IsType<TimeoutException>(thrown.InnerException);
    }

    [Fact]
    public async Task A_command_says_for_itself_whether_it_streams()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand(Large);
        Assert.IsType<ResultTooLarge>((await Assert.ThrowsAsync<BrokerException>(() => command.ExecuteReaderAsync())).Failure);
        command.Streaming = true;
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_ends_with_its_connection_and_holds_none_of_the_server(bool inTransaction)
    {
        await using var source = await StreamingAsync();
        var readers = new List<DbDataReader>();
        // More than the pool has: each of them waits for ever if those before it are held.
        for (var i = 0; i < 8; i++)
        {
            var connection = source.OpenConnection();
            _ = inTransaction ? connection.BeginTransaction() : null;
            readers.Add(await connection.Command(Large).ExecuteReaderAsync());
            Assert.True(await readers[i].ReadAsync());
            await connection.DisposeAsync();
            Assert.True(readers[i].IsClosed);
        }
        Assert.All(readers, reader => Assert.Throws<InvalidOperationException>(() => reader.Read()));
        GC.KeepAlive(readers);
    }
}
