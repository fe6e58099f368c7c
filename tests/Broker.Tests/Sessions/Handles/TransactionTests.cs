using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Broker.Tests.Settlement;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Commit, rollback, nested scopes, failures: behaviours 63 to 77 as a handle sees them.</summary>
public sealed class TransactionTests : HandleStage
{
    [Fact]
    public async Task What_is_not_committed_is_rolled_back_when_the_session_is_disposed()
    {
        await using (var session = Sessions.Open())
        {
            session.Add(new Tag("red", 1));
            await session.FlushAsync();
        }

        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task After_a_failure_each_use_is_refused_with_its_cause_until_a_rollback()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var session = Sessions.Open();
        await session.GetOneAsync<Item>(1L);
        await RefusedAsync<StatementFailed>(async () => await session.ExecuteAsync($"select 1/0"));

        var query = await RefusedAsync<ConversationFailed>(async () => await session.QueryAsync<int>($"select 1"));
        Assert.Equal("22012", Assert.IsType<StatementFailed>(query.Cause).ServerSqlState);
        await RefusedAsync<ConversationFailed>(async () => await session.GetAsync<Item>(1L));
        await RefusedAsync<ConversationFailed>(async () => await session.CommitAsync());
        Assert.IsType<ConversationFailed>(Assert.Throws<BrokerException>(() => session.Add(new Tag("red", 1))).Failure);

        await session.RollbackAsync();
        Assert.Equal([1], await session.QueryAsync<int>($"select 1"));
    }

    [Fact]
    public async Task A_failed_flush_loses_nothing_and_rollback_makes_what_was_added_transient()
    {
        await using var session = Sessions.Open();
        var good = new Item { Name = "cup" };
        var bad = new Item { Name = "mug", Price = -1 };
        session.AddRange([good, bad]);
        await Assert.ThrowsAsync<BrokerException>(async () => await session.FlushAsync());

        Assert.Equal((ObjectState.Pending, ObjectState.Pending), (await session.StateOfAsync(good), await session.StateOfAsync(bad)));
        await session.RollbackAsync();
        Assert.Equal((ObjectState.Transient, ObjectState.Transient), (await session.StateOfAsync(good), await session.StateOfAsync(bad)));
        bad.Price = 1;
        session.AddRange([good, bad]);
        await session.CommitAsync();
        Assert.Equal("cup mug", await RowsAsync("items", "name"));
    }

    [Fact]
    public async Task Rollback_restores_new_changed_and_deleted_objects_and_their_keys()
    {
        await DirectlyAsync("insert into lines values (1, 1, 'cup'), (1, 2, 'mug')");
        await using var session = Sessions.Open();
        var cup = await session.GetOneAsync<Line>((1, 1));
        var mug = await session.GetOneAsync<Line>((1, 2));
        var jar = new Line { OrderId = 1, LineNumber = 3, What = "jar" };
        session.Add(jar);
        cup.LineNumber = 9;
        session.Delete(mug);
        await session.FlushAsync();

        await session.RollbackAsync();

        Assert.Equal((1, ObjectState.Persistent), (cup.LineNumber, await session.StateOfAsync(cup)));
        Assert.Equal(ObjectState.Persistent, await session.StateOfAsync(mug));
        Assert.Equal(ObjectState.Transient, await session.StateOfAsync(jar));
        Assert.Same(cup, await session.GetAsync<Line>((1, 1)));
        Assert.Null(await session.GetAsync<Line>((1, 9)));
        await session.CommitAsync();
        Assert.Equal("1:cup 2:mug", await RowsAsync("lines", "line, what"));
    }

    [Fact]
    public async Task Rollback_of_a_nested_scope_touches_only_what_was_done_in_it_through_any_depth()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'cup', 1), (2, 'mug', 1), (3, 'jar', 1)");
        await using var session = Sessions.Open();
        var items = await session.QueryAsync<Item>($"select * from items order by id");
        items[0].Price = 2;
        await using (var outer = await session.BeginNestedAsync())
        {
            items[1].Price = 2;
            await using (var inner = await session.BeginNestedAsync())
            {
                items[2].Price = 2;
                await using (var innermost = await session.BeginNestedAsync())
                {
                    items[2].Price = 3;
                    await innermost.CommitAsync();
                }

                await inner.RollbackAsync();
            }

            Assert.Equal([2, 2, 1], items.Select(item => item.Price));
            await outer.CommitAsync();
        }

        await session.CommitAsync();
        Assert.Equal("1:2 2:2 3:1", await RowsAsync("items", "id, price"));
    }

    [Fact]
    public async Task A_failure_in_a_nested_scope_is_undone_with_it_and_the_rest_is_committed()
    {
        await using var session = Sessions.Open();
        session.Add(new Tag("red", 1));
        await using (await session.BeginNestedAsync())
        {
            session.Add(new Item { Name = "bad", Price = -1 });
            await Assert.ThrowsAsync<BrokerException>(async () => await session.FlushAsync());
        }

        session.Add(new Tag("blue", 1));
        await session.CommitAsync();
        Assert.Equal(("blue red", ""), (await RowsAsync("tags", "name"), await RowsAsync("items", "name")));
    }

    [Fact]
    public async Task Objects_are_out_of_date_behind_a_commit_unless_the_session_says_otherwise()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var expiring = Sessions.Open();
        await using var keeping = With(new() { ExpireOnCommit = false }).Open();
        var one = await expiring.GetOneAsync<Item>(1L);
        var other = await keeping.GetOneAsync<Item>(1L);
        await expiring.CommitAsync();
        await keeping.CommitAsync();
        await DirectlyAsync("update items set name = 'mug'");

        await expiring.GetAsync<Item>(1L);
        await keeping.GetAsync<Item>(1L);

        Assert.Equal(("mug", "cup"), (one.Name, other.Name));
    }

    [Fact]
    public async Task Sessions_do_not_see_each_others_uncommitted_work()
    {
        await using var one = Sessions.Open();
        await using var other = Sessions.Open();
        one.Add(new Tag("red", 1));
        await one.FlushAsync();

        Assert.Empty(await other.QueryAsync<Tag>($"select * from tags"));
        await one.CommitAsync();
        Assert.Single(await other.QueryAsync<Tag>($"select * from tags"));
    }

    [Fact]
    public async Task Commit_failing_at_a_deferred_constraint_is_a_failure_and_not_a_commit()
    {
        await DirectlyAsync("create table strict (id int primary key, other int references strict deferrable initially deferred)");
        await using var session = Sessions.Open();
        await session.ExecuteAsync($"insert into strict values (1, 2)");

        var failed = await Assert.ThrowsAsync<BrokerException>(async () => await session.CommitAsync());

        Assert.Equal("23503", failed.SqlState);
        await session.RollbackAsync();
        Assert.Equal(0L, await AskAsync<long>("select count(*) from strict"));
    }

    [Fact]
    public async Task Isolation_and_access_are_those_of_the_session()
    {
        await using var session = With(new()
        {
            Terms = new() { Isolation = Client.Protocol.Values.Isolation.Serializable, ReadOnly = true, Deferrable = true },
        }).Open();

        Assert.Equal([("serializable", "on", "on")], await session.QueryAsync<(string, string, string)>(
            $"select current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable')"));
        Assert.Equal("25006",
            (await Assert.ThrowsAsync<BrokerException>(async () => await session.ExecuteAsync($"delete from tags"))).SqlState);
    }

    [Fact]
    public async Task A_nested_scope_that_is_left_by_a_cancellation_is_rolled_back()
    {
        await using var session = Sessions.Open();
        session.Add(new Tag("red", 1));
        using var cancellation = new CancellationTokenSource();
        await using var looking = await Server.OpenConnectionAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await using (await session.BeginNestedAsync())
            {
                session.Add(new Tag("blue", 1));
                await session.FlushAsync();
                var sleeping = session.ExecuteAsync($"select pg_sleep(600)", cancellation.Token);
                await looking.UntilAsync(
                    "count(*) = 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'");
                await cancellation.CancelAsync();
                await sleeping;
            }
        });

        await session.CommitAsync();
        Assert.Equal("red", await RowsAsync("tags", "name"));
    }
}
