using System.Data;
using System.Data.Common;
using Broker.Ado.Tests.Comparing;
using Broker.Client;
using Broker.Client.Ado;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Ado.Tests;

public sealed class TransactionTests
{
    private static Task<object?> CountAsync(DbConnection connection, int from) =>
        connection.ScalarAsync("select count(*) from people where id between @from and @from + 9", ("from", from));

    [Fact]
    public Task What_is_committed_stays_and_what_is_rolled_back_does_not() => Compare.SameAsync(async (DbDataSource source, Seen seen) =>
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var other = await source.OpenConnectionAsync();
        await using (var kept = await connection.BeginTransactionAsync())
        {
            seen.Add((kept.IsolationLevel, kept.SupportsSavepoints, kept.Connection == connection));
            seen.Add(await connection.RunAsync("insert into people values (100, 'kept')"));
            seen.Add(await CountAsync(connection, 100));
            seen.Add(await CountAsync(other, 100));
            await kept.CommitAsync();
        }
        seen.Add(await CountAsync(other, 100));
        await using (var undone = connection.BeginTransaction())
        {
            seen.Add(await connection.RunAsync("delete from people where id = 100"));
            undone.Rollback();
        }
        seen.Add(await CountAsync(other, 100));
        await using (connection.BeginTransaction())
        {
            seen.Add(await connection.RunAsync("delete from people where id = 100"));
        }
        seen.Add(await CountAsync(other, 100));
        using (connection.BeginTransaction())
        {
            seen.Add(await connection.RunAsync("delete from people where id = 100"));
            connection.Close();
        }
        seen.Add(await CountAsync(other, 100));
        seen.Add(await other.RunAsync("delete from people where id = 100"));
    });

    [Theory]
    [InlineData(IsolationLevel.Unspecified)]
    [InlineData(IsolationLevel.ReadUncommitted)]
    [InlineData(IsolationLevel.ReadCommitted)]
    [InlineData(IsolationLevel.RepeatableRead)]
    [InlineData(IsolationLevel.Snapshot)]
    [InlineData(IsolationLevel.Serializable)]
    [InlineData(IsolationLevel.Chaos)]
    public Task A_level_is_what_the_server_has(IsolationLevel level) => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
        await seen.TryAsync("level", async () =>
        {
            await using var transaction = await connection.BeginTransactionAsync(level);
            var server = (string?)await connection.ScalarAsync("select current_setting('transaction_isolation')");
            return (transaction.IsolationLevel, server == "read uncommitted" ? "read committed" : server);
        }));

    [Fact]
    public Task A_transaction_that_is_over_is_over() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = connection.BeginTransaction();
        seen.Try("another", () => connection.BeginTransaction());
        transaction.Commit();
        seen.Try("commit", transaction.Commit);
        seen.Try("rollback", transaction.Rollback);
        await seen.TryAsync("commit", () => transaction.CommitAsync());
        seen.Try("save", () => transaction.Save("a"));
        transaction.Dispose();
        seen.Try("disposed", transaction.Commit);
        await using var next = connection.BeginTransaction();
        seen.Add(await connection.ScalarAsync("select 1"));
        next.Rollback();
        seen.Add(await connection.ScalarAsync("select 2"));
    });

    [Fact]
    public Task Behind_a_failure_everything_is_refused_until_a_rollback() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = await connection.BeginTransactionAsync();
        seen.Add(await connection.RunAsync("insert into people values (110, 'undone')"));
        await seen.TryAsync("fails", () => connection.RunAsync("select 1 / 0"));
        await seen.TryAsync("refused", () => connection.RunAsync("select 1"));
        await seen.TryAsync("refused", () => connection.RunAsync("select 1; select 2"));
        await transaction.RollbackAsync();
        seen.Add(await CountAsync(connection, 110));
    });

    [Fact]
    public async Task The_refusal_has_the_cause_in_it()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var connection = source.OpenConnection();
        await using var transaction = connection.BeginTransaction();
        await Assert.ThrowsAsync<BrokerException>(() => connection.RunAsync("select 1 / 0"));
        var refused = await Assert.ThrowsAsync<BrokerException>(() => connection.RunAsync("select 1"));
        Assert.Equal("22012", Assert.IsType<ConversationFailed>(refused.Failure).Cause.SqlState);
    }

    [Fact]
    public Task Differs_a_commit_behind_a_failure_is_refused_and_not_silently_a_rollback() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await seen.TryAsync("fails", () => connection.RunAsync("select 1 / 0"));
            await seen.TryAsync("commit", () => transaction.CommitAsync());
            await seen.TryAsync("rollback", () => transaction.RollbackAsync());
        },
        ["fails: SQLSTATE 22012", "commit: \"done\"", "rollback: InvalidOperationException"],
        ["fails: SQLSTATE 22012", "commit: SQLSTATE 25P02", "rollback: \"done\""]);

    [Fact]
    public Task Differs_a_commit_that_fails_leaves_a_transaction_to_roll_back() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await using var transaction = await connection.BeginTransactionAsync();
            seen.Add(await connection.RunAsync("insert into pets values (120, 12345, 'cat')"));
            await seen.TryAsync("commit", () => transaction.CommitAsync());
            await seen.TryAsync("rollback", () => transaction.RollbackAsync());
            seen.Add(await connection.ScalarAsync("select count(*) from pets where id = 120"));
        },
        ["Int32 1", "commit: SQLSTATE 23503", "rollback: InvalidOperationException", "Int64 0"],
        ["Int32 1", "commit: SQLSTATE 23503", "rollback: \"done\"", "Int64 0"]);

    [Fact]
    public Task Savepoints_undo_what_was_done_since() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.RunAsync("insert into people values (130, 'first')");
        await transaction.SaveAsync("one");
        await connection.RunAsync("insert into people values (131, 'second')");
        transaction.Save("two");
        await connection.RunAsync("insert into people values (132, 'third')");
        await transaction.RollbackAsync("two");
        seen.Add(await CountAsync(connection, 130));
        await connection.RunAsync("insert into people values (133, 'fourth')");
        transaction.Rollback("two");
        seen.Add(await CountAsync(connection, 130));
        await seen.TryAsync("fails", () => connection.RunAsync("select 1 / 0"));
        await seen.TryAsync("refused", () => connection.RunAsync("select 1"));
        await transaction.RollbackAsync("one");
        seen.Add(await CountAsync(connection, 130));
        await connection.RunAsync("insert into people values (134, 'fifth')");
        await transaction.SaveAsync("three");
        await connection.RunAsync("insert into people values (135, 'sixth')");
        await transaction.ReleaseAsync("one");
        seen.Add(await CountAsync(connection, 130));
        await transaction.RollbackAsync();
        seen.Add(await CountAsync(connection, 130));
    });

    [Fact]
    public Task A_savepoint_that_is_not_there_is_refused() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await seen.TryAsync("empty", () => transaction.SaveAsync(""));
        await seen.TryAsync("null", () => transaction.SaveAsync(null!));
        await transaction.SaveAsync("again");
        await transaction.SaveAsync("again");
        await transaction.ReleaseAsync("again");
        await transaction.RollbackAsync("again");
        seen.Add(await connection.ScalarAsync("select 1"));
    });

    [Fact]
    public Task Differs_a_savepoint_that_is_not_there_fails_nothing() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await seen.TryAsync("rollback", () => transaction.RollbackAsync("nothing"));
            await seen.TryAsync("next", () => connection.ScalarAsync("select 1"));
        }, ["rollback: SQLSTATE 3B001", "next: SQLSTATE 25P02"], ["rollback: ArgumentException", "next: Int32 1"]);

    [Fact]
    public async Task Differs_several_readers_and_tasks_may_have_a_part_in_a_transaction()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var connection = source.OpenConnection();
        await using var transaction = connection.BeginTransaction();
        await using var first = connection.Command("select generate_series(1, 3)");
        await using var outer = await first.ExecuteReaderAsync();
        var seen = new List<object?>();
        while (await outer.ReadAsync())
        {
            seen.Add(await connection.ScalarAsync("select @n * 10", ("n", outer.GetInt32(0))));
        }
        Assert.Equal([10, 20, 30], seen);
        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => connection.ScalarAsync("select @n", ("n", n))));
        Assert.Equal(Enumerable.Range(0, 20).Cast<object?>(), all);
    }

    [Fact]
    public async Task A_transaction_of_which_nothing_was_asked_costs_nothing()
    {
        await using var nowhere = new BrokerDataSource((await Sides.BothAsync()).Client, "nowhere");
        await using var connection = nowhere.OpenConnection();
        await using (var transaction = connection.BeginTransaction())
        {
            await transaction.CommitAsync();
        }
        await using (var undone = connection.BeginTransaction())
        {
            await undone.RollbackAsync();
        }
        await using var asked = connection.BeginTransaction();
        Assert.IsType<UnknownDatabase>((await Assert.ThrowsAsync<BrokerException>(() => connection.ScalarAsync("select 1"))).Failure);
    }

    [Fact]
    public async Task Terms_hold_for_all_transactions()
    {
        var sides = await Sides.BothAsync();
        await using var source = new BrokerDataSource(sides.Client, "shop",
            new() { Terms = new() { Isolation = Isolation.Serializable, ReadOnly = true } });
        await using var connection = source.OpenConnection();
        await using var transaction = connection.BeginTransaction();
        Assert.Equal(IsolationLevel.Serializable, transaction.IsolationLevel);
        Assert.Equal("serializable", await connection.ScalarAsync("select current_setting('transaction_isolation')"));
        Assert.Equal("25006", (await Assert.ThrowsAsync<BrokerException>(() => connection.RunAsync("delete from people"))).SqlState);
    }
}
