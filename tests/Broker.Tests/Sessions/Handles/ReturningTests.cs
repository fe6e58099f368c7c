using Broker.Client.Executing;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>
/// An object that left its session is added again: it stands for its row when that is there, and else is a new one. No work is lost without
/// a word.
/// </summary>
public sealed class ReturningTests : HandleStage
{
    [Fact]
    public async Task What_was_expunged_before_its_transaction_was_rolled_back_is_new_again()
    {
        await using var session = Sessions.Open();
        var (tag, item) = (new Tag("red", 1), new Item { Name = "a" });
        session.AddRange<object>([tag, item]);
        await session.FlushAsync();
        session.ExpungeAll();
        await session.RollbackAsync();
        session.AddRange<object>([tag, item]);
        await session.CommitAsync();

        Assert.Equal(("red", "a"), (await RowsAsync("tags", "name"), await RowsAsync("items", "name")));
    }

    [Fact]
    public async Task What_was_expunged_within_a_scope_is_new_again_when_that_was_undone_and_else_stands_for_its_row()
    {
        await using var session = Sessions.Open();
        var (undone, kept) = (new Tag("red", 1), new Tag("blue", 1));
        await using (var scope = await session.BeginNestedAsync())
        {
            session.Add(kept);
            await session.FlushAsync();
            session.ExpungeAll();
            await scope.CommitAsync();
        }

        await using (var scope = await session.BeginNestedAsync())
        {
            session.Add(undone);
            await session.FlushAsync();
            session.Expunge(undone);
            await scope.RollbackAsync();
        }

        session.AddRange([undone, kept]);
        Assert.Equal((ObjectState.Pending, ObjectState.Persistent), (await session.StateOfAsync(undone), await session.StateOfAsync(kept)));
        await session.CommitAsync();
        Assert.Equal("blue red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task What_was_expunged_and_not_committed_is_new_in_the_next_session()
    {
        var tag = new Tag("red", 1);
        await using (var session = Sessions.Open())
        {
            session.Add(tag);
            await session.FlushAsync();
            session.Expunge(tag);
        }

        await using var other = Sessions.Open();
        other.Add(tag);
        await other.CommitAsync();
        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task What_a_run_expunged_before_it_failed_is_added_by_the_next()
    {
        var (tag, runs) = (new Tag("red", 1), 0);
        await new SessionExecutor(Sessions).RunAsync(async session =>
        {
            session.Add(tag);
            await session.FlushAsync();
            session.ExpungeAll();
            if (runs++ == 0)
                await session.ExecuteAsync($"do $$ begin raise exception using errcode = '40001'; end $$");
        });

        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_change_that_was_sent_and_not_committed_is_sent_again_by_the_session_that_gets_its_object()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'a', 1)");
        Item item;
        await using (var session = Sessions.Open())
        {
            item = await session.GetOneAsync<Item>(1L);
            item.Price = 7;
            await session.FlushAsync();
        }

        await using var other = Sessions.Open();
        other.Add(item);
        await other.CommitAsync();
        Assert.Equal("7", await RowsAsync("items", "price"));
    }

    [Fact]
    public async Task A_row_whose_deletion_was_committed_is_inserted_when_its_object_is_added_again()
    {
        await DirectlyAsync("insert into tags values ('red', 1), ('blue', 1)");
        await using var session = Sessions.Open();
        var (first, second) = (await session.GetOneAsync<Tag>("red"), await session.GetOneAsync<Tag>("blue"));
        session.Delete(first);
        session.Delete(second);
        await session.FlushAsync();
        session.Expunge(second);
        await session.CommitAsync();
        Assert.Equal(ObjectState.Detached, await session.StateOfAsync(first));
        session.AddRange([first, second]);
        await session.CommitAsync();

        Assert.Equal("blue red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_row_whose_deletion_was_not_committed_is_there_for_the_session_that_gets_its_object()
    {
        await DirectlyAsync("insert into tags values ('red', 1)");
        Tag tag;
        await using (var session = Sessions.Open())
        {
            tag = await session.GetOneAsync<Tag>("red");
            session.Delete(tag);
            await session.FlushAsync();
        }

        await using var other = Sessions.Open();
        other.Add(tag);
        Assert.Equal(ObjectState.Persistent, await other.StateOfAsync(tag));
        await other.CommitAsync();
        Assert.Equal("red:1", await RowsAsync("tags", "name, weight"));
    }

    [Fact]
    public async Task A_row_that_was_found_gone_is_inserted_when_its_object_is_added_again()
    {
        await DirectlyAsync("insert into tags values ('red', 1)");
        await using var session = Sessions.Open();
        var tag = await session.GetOneAsync<Tag>("red");
        await session.CommitAsync();
        await DirectlyAsync("delete from tags");
        Assert.Null(await session.GetAsync<Tag>("red"));
        session.Add(tag);
        await session.CommitAsync();

        Assert.Equal("red", await RowsAsync("tags", "name"));
    }
}
