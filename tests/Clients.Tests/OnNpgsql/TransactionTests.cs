using System.Data;
using Broker.Clients.Tests.Reaching;
using Npgsql;
using Xunit;

namespace Broker.Clients.Tests.OnNpgsql;

public sealed class TransactionTests
{
    [Theory, Through(Keeping.Transaction)]
    public async Task What_is_committed_stays_and_what_is_rolled_back_is_gone_savepoints_included(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await connection.RunAsync("create table npgsql_steps (id int primary key)");
        await using (var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead))
        {
            Assert.Equal("repeatable read", await connection.ScalarAsync("show transaction_isolation"));
            await connection.RunAsync("insert into npgsql_steps values (1)");
            await transaction.SaveAsync("one");
            await Assert.ThrowsAsync<PostgresException>(() => connection.RunAsync("insert into npgsql_steps values (1)"));
            Assert.Equal("25P02", (await Assert.ThrowsAsync<PostgresException>(() => connection.RunAsync("select 1"))).SqlState);
            await transaction.RollbackAsync("one");
            await connection.RunAsync("insert into npgsql_steps values (2)");
            await transaction.CommitAsync();
        }
        await using (await connection.BeginTransactionAsync())
        {
            await connection.RunAsync("insert into npgsql_steps values (3)");
        }

        Assert.Equal(2L, await connection.ScalarAsync("select count(*) from npgsql_steps"));
        Assert.Equal("read committed", await connection.ScalarAsync("show transaction_isolation"));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task A_deferred_constraint_is_told_at_commit(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await connection.RunAsync("create table npgsql_deferred (id int unique deferrable initially deferred)");
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.RunAsync("insert into npgsql_deferred values (1), (1)");

        Assert.Equal("23505", (await Assert.ThrowsAsync<PostgresException>(() => transaction.CommitAsync())).SqlState);
        Assert.Equal(0L, await connection.ScalarAsync("select count(*) from npgsql_deferred"));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task Many_transactions_at_once_over_few_connections_lose_no_update(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open("Maximum Pool Size=30");
        await using (var connection = await source.OpenConnectionAsync())
        {
            await connection.RunAsync("create table npgsql_counter (n int); insert into npgsql_counter values (0)");
        }

        await Task.WhenAll(Enumerable.Range(0, 30).Select(async _ =>
        {
            for (var turn = 0; turn < 5; turn++)
            {
                await using var connection = await source.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                var before = (int)(await connection.ScalarAsync("select n from npgsql_counter for update"))!;
                await connection.RunAsync($"update npgsql_counter set n = {before + 1}");
                await transaction.CommitAsync();
            }
        }));

        await using var last = await source.OpenConnectionAsync();
        Assert.Equal(150, await last.ScalarAsync("select n from npgsql_counter"));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task A_temporary_table_and_SET_LOCAL_last_as_long_as_their_transaction(string name)
    {
        await using var source = (await Endpoints.OpenAsync(name)).Open();
        await using var connection = await source.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.RunAsync("create temporary table npgsql_brief (id int) on commit drop; set local work_mem = '7MB'");
            await connection.RunAsync("insert into npgsql_brief values (1)");
            Assert.Equal(1L, await connection.ScalarAsync("select count(*) from npgsql_brief"));
            Assert.Equal("7MB", await connection.ScalarAsync("show work_mem"));
            await transaction.CommitAsync();
        }

        Assert.NotEqual("7MB", await connection.ScalarAsync("show work_mem"));
        var gone = await Assert.ThrowsAsync<PostgresException>(() => connection.RunAsync("select * from npgsql_brief"));
        Assert.Equal("42P01", gone.SqlState);
    }
}
