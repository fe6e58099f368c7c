using Broker.Clients.Tests.Reaching;
using Npgsql;
using Xunit;

namespace Broker.Clients.Tests.OnNpgsql;

public sealed class QueryTests
{
    private const string Preparing = "Max Auto Prepare=10;Auto Prepare Min Usages=2";

    [Theory, Through(Keeping.Statement)]
    public async Task Values_of_many_types_go_there_and_back(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        object[] values =
        [
            true, (short)-7, 42, long.MaxValue, 1.5f, Math.PI, 123456.789m, "grüße\n'quoted'", new byte[] { 0, 1, 255 }, Guid.NewGuid(),
            new DateTime(2024, 2, 29, 12, 30, 0, DateTimeKind.Utc), new DateOnly(1999, 12, 31), new TimeSpan(1, 2, 3, 4), new[] { 1, 2, 3 },
        ];
        await using var command = source.CreateCommand($"select {string.Join(", ", values.Select((_, n) => $"${n + 1}"))}");
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await using var reader = await command.ExecuteReaderAsync();

        Assert.True(await reader.ReadAsync());
        Assert.Equal(values[..11], Enumerable.Range(0, 11).Select(reader.GetValue));
        Assert.Equal(values[11], reader.GetFieldValue<DateOnly>(11));
        Assert.Equal(values[12], reader.GetFieldValue<TimeSpan>(12));
        Assert.Equal((int[])values[13], reader.GetFieldValue<int[]>(13));
        Assert.False(await reader.ReadAsync());
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Prepared_statements_serve_again_and_again_and_end_when_they_are_unprepared(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("select $1::int + 1", connection) { Parameters = { new NpgsqlParameter<int>() } };
        await command.PrepareAsync();

        for (var n = 0; n < 20; n++)
        {
            ((NpgsqlParameter<int>)command.Parameters[0]).TypedValue = n;
            Assert.Equal(n + 1, await command.ExecuteScalarAsync());
        }

        await command.UnprepareAsync();
        Assert.Equal(20, await command.ExecuteScalarAsync());
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Statements_prepared_by_themselves_survive_a_change_of_the_table(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open($"{Preparing};Maximum Pool Size=4");
        await source.RunAsync("create table npgsql_changing (id int); insert into npgsql_changing values (1)");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var n = 0; n < 10; n++)
            {
                Assert.Equal(1, await source.ScalarAsync("select * from npgsql_changing"));
            }
        }));

        await source.RunAsync("alter table npgsql_changing alter id type text");

        for (var n = 0; n < 10; n++)
        {
            try
            {
                Assert.Equal("1", await source.ScalarAsync("select * from npgsql_changing"));
            }
            catch (PostgresException changed) when (changed.SqlState == "0A000")
            {
                // the server's own answer where the plan is the client's; Npgsql forgets the statement then
            }
        }
        Assert.Equal("1", await source.ScalarAsync("select * from npgsql_changing"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_batch_is_one_transaction_and_its_first_error_undoes_it(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await source.RunAsync("create table npgsql_batch (id int primary key)");
        await using (var good = source.CreateBatch())
        {
            good.BatchCommands.Add(new("insert into npgsql_batch values (1)"));
            good.BatchCommands.Add(new("insert into npgsql_batch values ($1) returning id") { Parameters = { new() { Value = 2 } } });
            good.BatchCommands.Add(new("select count(*)::int from npgsql_batch"));
            await using var reader = await good.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync() && reader.GetInt32(0) == 2);
            Assert.True(await reader.NextResultAsync() && await reader.ReadAsync() && reader.GetInt32(0) == 2);
        }
        await using (var bad = source.CreateBatch())
        {
            bad.BatchCommands.Add(new("insert into npgsql_batch values (3)"));
            bad.BatchCommands.Add(new("insert into npgsql_batch values (1)"));
            bad.BatchCommands.Add(new("insert into npgsql_batch values (4)"));
            Assert.Equal("23505", (await Assert.ThrowsAsync<PostgresException>(() => bad.ExecuteNonQueryAsync())).SqlState);
        }

        Assert.Equal(2L, await source.ScalarAsync("select count(*) from npgsql_batch"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Behind_error_barriers_each_statement_stands_for_itself(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await source.RunAsync("create table npgsql_barriers (id int primary key)");
        await using var batch = source.CreateBatch();
        batch.EnableErrorBarriers = true;
        foreach (var id in (int[])[1, 1, 2, 2, 3])
        {
            batch.BatchCommands.Add(new($"insert into npgsql_barriers values ({id})"));
        }

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => batch.ExecuteNonQueryAsync());

        Assert.Equal(3L, await source.ScalarAsync("select count(*) from npgsql_barriers"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Large_values_and_many_rows_arrive_whole(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        var large = new string('x', 8_000_000);
        await using var echo = source.CreateCommand("select $1::text");
        echo.Parameters.Add(new() { Value = large });
        Assert.Equal(large, await echo.ExecuteScalarAsync());

        await using var many = source.CreateCommand("select n, repeat('y', 100) from generate_series(1, 100000) n");
        await using var reader = await many.ExecuteReaderAsync();
        var sum = 0L;
        while (await reader.ReadAsync())
        {
            sum += reader.GetInt32(0);
        }
        Assert.Equal(5_000_050_000, sum);
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_reader_left_in_the_middle_leaves_the_connection_usable(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await using (var command = new NpgsqlCommand("select n, repeat('z', 1000) from generate_series(1, 20000) n", connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            Assert.True(await reader.ReadAsync());
        }

        await using var next = new NpgsqlCommand("select 7", connection);
        Assert.Equal(7, await next.ExecuteScalarAsync());
    }

    [Theory, Through(Keeping.Statement)]
    public async Task An_error_tells_all_that_the_server_tells(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await source.RunAsync("create table npgsql_errors (id int constraint positive check (id > 0))");

        var error = await Assert.ThrowsAsync<PostgresException>(() => source.RunAsync("insert into npgsql_errors values (-1)"));

        Assert.Equal(
            ("23514", "positive", "npgsql_errors", "public"),
            (error.SqlState, error.ConstraintName, error.TableName, error.SchemaName));
    }
}
