using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>What a handle holds once it has taken note of what another one did, and what it tells the others of what it holds.</summary>
public sealed class AcknowledgingTests : HandleStage
{
    private SessionFactory Free => With(new() { Terms = new() { CommitRight = CommitRight.AnyHandle } });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_sent_is_as_it_was_before_later_changes_included_whoever_rolls_back(bool itself)
    {
        await DirectlyAsync(
            "insert into items (id, name, price) values (101, 'a', 1), (102, 'b', 1), (103, 'c', 1); insert into tags values ('red', 1)");
        await using var owner = Free.Open();
        await using var session = await JoinAsync(owner);
        var (changed, deleted, both) = (await session.GetOneAsync<Item>(101L), await session.GetOneAsync<Item>(102L),
            await session.GetOneAsync<Item>(103L));
        var (tag, added) = (await session.GetOneAsync<Tag>("red"), new Item { Name = "d", Price = 1 });
        session.Add(added);
        (changed.Price, both.Price) = (2, 2);
        session.Delete(deleted);
        await session.UpdateAsync(tag with { Weight = 2 });
        await session.FlushAsync();
        (changed.Price, added.Price) = (3, 3);
        session.Delete(both);
        var later = tag with { Weight = 3 };
        await session.UpdateAsync(later);

        if (itself)
            await session.RollbackAsync();
        else
            await RolledBackByAsync(owner, session);

        Assert.Equal((1, 1, 1, 1, 0L), (changed.Price, deleted.Price, both.Price, added.Price, added.Id));
        Assert.Equal((ObjectState.Transient, ObjectState.Persistent, ObjectState.Persistent),
            (await session.StateOfAsync(added), await session.StateOfAsync(deleted), await session.StateOfAsync(both)));
        Assert.Equal((ObjectState.Persistent, ObjectState.Transient), (await session.StateOfAsync(tag), await session.StateOfAsync(later)));
        await session.CommitAsync();
        Assert.Equal("101:a:1 102:b:1 103:c:1", await RowsAsync("items", "id, name, price"));
        Assert.Equal("red:1", await RowsAsync("tags", "name, weight"));
    }

    [Fact]
    public async Task What_was_refused_because_another_handle_had_rolled_back_is_kept_and_sent_later()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'a', 1), (2, 'b', 1); insert into tags values ('red', 1)");
        await using var owner = Free.Open();
        await using var session = await JoinAsync(owner);
        var (changed, deleted, tag) = (await session.GetOneAsync<Item>(1L), await session.GetOneAsync<Item>(2L),
            await session.GetOneAsync<Tag>("red"));
        changed.Price = 5;
        session.Delete(deleted);
        await session.UpdateAsync(tag with { Weight = 5 });

        await RolledBackByAsync(owner, session);

        await session.FlushAsync();
        await owner.CommitAsync();
        Assert.Equal("1:a:5", await RowsAsync("items", "id, name, price"));
        Assert.Equal("red:5", await RowsAsync("tags", "name, weight"));
    }

    [Fact]
    public async Task A_commit_names_what_another_handle_has_merged()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'a', 1); insert into tags values ('red', 1)");
        await using var owner = Free.Open();
        owner.Add(new Tag("blue", 1));
        await owner.FlushAsync();
        await using var guest = await JoinAsync(owner);
        using (guest.NoAutoflush())
        {
            await guest.MergeAsync(new Item { Id = 1, Name = "a", Price = 2 });
            await guest.MergeAsync(new Tag("red", 2));
            await guest.MergeAsync(new Item { Name = "b", Price = 1 });
        }

        Assert.Equal([(guest.Handle, 3L)], (await owner.CommitAsync()).Unsent.Select(unsent => (unsent.Handle, unsent.Changes)));
    }

    [Fact]
    public async Task A_commit_does_not_name_what_another_handle_has_sent_meanwhile()
    {
        await using var owner = Free.Open();
        await using var guest = await JoinAsync(owner);
        await guest.QueryAsync<int>($"select 1");
        guest.Add(new Tag("red", 1));
        await guest.FlushAsync();
        guest.Add(new Tag("blue", 1));
        await using (var scope = await guest.BeginNestedAsync())
        {
            guest.Add(new Tag("green", 1));
            await scope.CommitAsync();
        }

        Assert.Empty((await owner.CommitAsync()).Unsent);
        Assert.Equal("blue green red", await RowsAsync("tags", "name"));
    }

    private async Task<Session> JoinAsync(Session owner)
    {
        await owner.QueryAsync<int>($"select 1");
        return await Free.JoinAsync(owner.Id);
    }

    private static async Task RolledBackByAsync(Session owner, Session session)
    {
        await owner.RollbackAsync();
        await RefusedAsync<ConversationMoved>(async () => await session.FlushAsync());
        await session.AcknowledgeAsync();
    }
}
