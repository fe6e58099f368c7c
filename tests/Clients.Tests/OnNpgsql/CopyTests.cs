using Broker.Clients.Tests.Reaching;
using Npgsql;
using NpgsqlTypes;
using Xunit;

namespace Broker.Clients.Tests.OnNpgsql;

public sealed class CopyTests
{
    [Theory, Through(Keeping.Statement)]
    public async Task Binary_rows_are_copied_in_and_out(string name)
    {
        const int Rows = 50_000;
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await connection.RunAsync("create table npgsql_copied (id int, words text)");

        await using (var writer = await connection.BeginBinaryImportAsync("copy npgsql_copied from stdin (format binary)"))
        {
            for (var n = 0; n < Rows; n++)
            {
                await writer.StartRowAsync();
                await writer.WriteAsync(n, NpgsqlDbType.Integer);
                await writer.WriteAsync($"row {n}", NpgsqlDbType.Text);
            }
            Assert.Equal((ulong)Rows, await writer.CompleteAsync());
        }

        await using var reader = await connection.BeginBinaryExportAsync("copy npgsql_copied to stdout (format binary)");
        var (count, sum) = (0, 0L);
        while (await reader.StartRowAsync() != -1)
        {
            var id = await reader.ReadAsync<int>(NpgsqlDbType.Integer);
            Assert.Equal($"row {id}", await reader.ReadAsync<string>(NpgsqlDbType.Text));
            (count, sum) = (count + 1, sum + id);
        }
        Assert.Equal((Rows, Rows * (Rows - 1L) / 2), (count, sum));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Text_is_copied_in_and_out(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await connection.RunAsync("create table npgsql_lines (id int, words text)");
        await using (var writer = await connection.BeginTextImportAsync("copy npgsql_lines from stdin (format csv)"))
        {
            await writer.WriteAsync("1,\"one, and more\"\n2,zwö\n");
        }

        using var reader = await connection.BeginTextExportAsync("copy (select * from npgsql_lines order by id) to stdout (format csv)");
        Assert.Equal("1,\"one, and more\"\n2,zwö\n", await reader.ReadToEndAsync());
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_copy_that_is_given_up_leaves_nothing_and_the_connection_usable(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await connection.RunAsync("create table npgsql_given_up (id int)");
        await using (var writer = await connection.BeginBinaryImportAsync("copy npgsql_given_up from stdin (format binary)"))
        {
            await writer.StartRowAsync();
            await writer.WriteAsync(1, NpgsqlDbType.Integer);
        }

        Assert.Equal(0L, await connection.ScalarAsync("select count(*) from npgsql_given_up"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Rows_that_are_wrong_are_refused_with_their_line(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await connection.RunAsync("create table npgsql_wrong (id int)");

        var error = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await using var writer = await connection.BeginTextImportAsync("copy npgsql_wrong from stdin");
            await writer.WriteAsync("1\nx\n");
        });

        Assert.Equal("22P02", error.SqlState);
        Assert.Contains("line 2", error.Where, StringComparison.Ordinal);
        Assert.Equal(0L, await connection.ScalarAsync("select count(*) from npgsql_wrong"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Raw_bytes_are_copied_from_one_to_the_other(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var from = await source.OpenConnectionAsync();
        await using var to = await source.OpenConnectionAsync();
        await from.RunAsync("create table npgsql_raw as select n as id, repeat('r', 200) as words from generate_series(1, 20000) n");
        await from.RunAsync("create table npgsql_raw_too (like npgsql_raw)");

        await using (var output = await from.BeginRawBinaryCopyAsync("copy npgsql_raw to stdout (format binary)"))
        await using (var input = await to.BeginRawBinaryCopyAsync("copy npgsql_raw_too from stdin (format binary)"))
        {
            await output.CopyToAsync(input);
        }

        Assert.Equal(0L, await to.ScalarAsync("select count(*) from (select * from npgsql_raw except select * from npgsql_raw_too) x"));
        Assert.Equal(20000L, await to.ScalarAsync("select count(*) from npgsql_raw_too"));
    }
}
