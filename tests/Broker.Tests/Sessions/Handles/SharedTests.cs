using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Many callers of one handle, and many handles of one conversation.</summary>
public sealed class SharedTests : HandleStage
{
    [Fact]
    public async Task Any_number_of_tasks_use_one_session_and_no_work_is_lost()
    {
        await using var session = Sessions.Open();
        await Task.WhenAll(Enumerable.Range(0, 32).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                var item = new Item { Name = $"{caller}-{i}", Price = 1 };
                session.Add(item);
                if (i % 5 == 4)
                    await session.FlushAsync();
                Assert.Equal(1, (await session.QueryAsync<long>($"select count(*) from items where name = {item.Name}"))[0]);
                item.Price = 2;
            }
        })));

        await session.CommitAsync();

        Assert.Equal((640L, 1280L),
            (await AskAsync<long>("select count(*) from items"), await AskAsync<long>("select sum(price) from items")));
    }

    [Fact]
    public async Task What_one_caller_asks_happens_in_its_order_while_others_ask()
    {
        await using var session = Sessions.Open();
        await session.ExecuteAsync($"create temp table log (caller int, step int, at bigserial)");
        await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            var asked = Enumerable.Range(0, 20)
                .Select(step => session.ExecuteAsync($"insert into log (caller, step) values ({caller}, {step})").AsTask()).ToArray();
            await Task.WhenAll(asked);
        })));

        Assert.Equal([(320L, true)], await session.QueryAsync<(long, bool)>(
            $"select count(*), bool_and(step = rank) from (select step, row_number() over (partition by caller order by at) - 1 as rank from log) ranked"));
    }

    [Fact]
    public async Task A_joined_handle_sees_uncommitted_work_and_has_objects_of_its_own()
    {
        await using var owner = Sessions.Open();
        var item = new Item { Name = "cup" };
        owner.Add(item);
        await owner.FlushAsync();

        await using var guest = await Sessions.JoinAsync(owner.Id);
        var copy = await guest.GetOneAsync<Item>(item.Id);

        Assert.NotSame(item, copy);
        Assert.Equal("cup", copy.Name);
        Assert.Equal(0L, await AskAsync<long>("select count(*) from items"));
    }

    [Fact]
    public async Task A_row_that_another_handle_changed_is_loaded_anew()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var owner = Sessions.Open();
        var item = await owner.GetOneAsync<Item>(1L);
        await using var guest = await Sessions.JoinAsync(owner.Id);
        (await guest.GetOneAsync<Item>(1L)).Name = "mug";
        await guest.FlushAsync();
        await owner.QueryAsync<int>($"select 1");

        Assert.Same(item, await owner.GetAsync<Item>(1L));
        Assert.Equal("mug", item.Name);
    }

    [Fact]
    public async Task Only_the_owner_commits_unless_any_handle_may()
    {
        await using var owner = Sessions.Open();
        owner.Add(new Tag("red", 1));
        await owner.FlushAsync();
        await using var guest = await Sessions.JoinAsync(owner.Id);
        var refused = await RefusedAsync<NotCommitsOwner>(async () => await guest.CommitAsync());
        Assert.Equal((guest.Handle, owner.Handle), (refused.Handle, refused.Owner));
        await owner.CommitAsync();

        var free = With(new() { Terms = new() { CommitRight = CommitRight.AnyHandle } });
        await using var other = free.Open();
        other.Add(new Tag("blue", 1));
        await other.FlushAsync();
        await using var any = await free.JoinAsync(other.Id);
        await any.CommitAsync();
        Assert.Equal("blue red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task After_a_rollback_by_one_handle_the_others_write_only_once_they_acknowledge_it()
    {
        await using var owner = Sessions.Open();
        owner.Add(new Tag("red", 1));
        await owner.FlushAsync();
        await using var guest = await Sessions.JoinAsync(owner.Id);
        var sent = new Tag("blue", 1);
        guest.Add(sent);
        await guest.FlushAsync();
        await owner.RollbackAsync();
        var unsent = new Tag("green", 1);
        guest.Add(unsent);

        var moved = await RefusedAsync<ConversationMoved>(async () => await guest.FlushAsync());
        Assert.Equal((MovedBy.Rollback, (HandleId?)owner.Handle), (moved.Moves[0].How, moved.Moves[0].By));

        Assert.Equal(moved.Moves, await guest.AcknowledgeAsync());
        Assert.Equal((ObjectState.Transient, ObjectState.Pending), (await guest.StateOfAsync(sent), await guest.StateOfAsync(unsent)));
        await guest.FlushAsync();
        await owner.CommitAsync();
        Assert.Equal("green", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_commit_names_changes_that_other_handles_have_not_sent()
    {
        await using var owner = Sessions.Open();
        owner.Add(new Tag("red", 1));
        await owner.FlushAsync();
        await using var guest = await Sessions.JoinAsync(owner.Id);
        await guest.QueryAsync<int>($"select 1");
        guest.AddRange([new Tag("blue", 1), new Tag("green", 1)]);
        await guest.StateOfAsync(guest);

        var receipt = await owner.CommitAsync();

        Assert.Equal([(guest.Handle, 2L)], receipt.Unsent.Select(unsent => (unsent.Handle, unsent.Changes)));
        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task Writes_of_others_wait_until_a_nested_scope_ends()
    {
        await using var owner = Sessions.Open();
        await using var guest = await JoinAsync(owner);
        var scope = await owner.BeginNestedAsync();
        guest.Add(new Tag("blue", 1));
        var waiting = guest.FlushAsync().AsTask();
        owner.Add(new Tag("red", 1));
        await owner.FlushAsync();
        Assert.False(waiting.IsCompleted);

        await scope.RollbackAsync();
        await Assert.ThrowsAsync<Client.BrokerException>(() => waiting); // the scope was rolled back meanwhile: it has to look first
        await guest.AcknowledgeAsync();
        await guest.FlushAsync();
        await owner.CommitAsync();
        Assert.Equal("blue", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_conversation_ends_with_its_owner()
    {
        var owner = Sessions.Open();
        owner.Add(new Tag("red", 1));
        await owner.FlushAsync();
        await using var guest = await Sessions.JoinAsync(owner.Id);
        guest.Add(new Tag("blue", 1));
        await guest.FlushAsync();
        await owner.DisposeAsync();

        await RefusedAsync<ConversationGone>(async () => await guest.QueryAsync<int>($"select 1"));
        await RefusedAsync<ConversationGone>(async () => await Sessions.JoinAsync(owner.Id));
        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task Joining_a_conversation_that_is_not_there_is_refused() =>
        await RefusedAsync<ConversationGone>(async () => await Sessions.JoinAsync(SessionId.Draw()));

    private async Task<Session> JoinAsync(Session owner)
    {
        await owner.QueryAsync<int>($"select 1");
        return await Sessions.JoinAsync(owner.Id);
    }
}
