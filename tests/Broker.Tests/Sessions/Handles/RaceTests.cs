using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Npgsql;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>What callers do while another's command is under way.</summary>
public sealed class RaceTests : HandleStage
{
    [Fact]
    public async Task A_caller_that_waits_for_its_turn_may_be_cancelled()
    {
        await using var held = await HeldAsync();
        await using var session = Sessions.Open();
        var first = session.ExecuteAsync($"update items set price = 1").AsTask();
        using var cancel = new CancellationTokenSource();
        var second = session.QueryAsync<int>($"select 1", cancel.Token).AsTask();
        var third = session.QueryAsync<int>($"select 3").AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await held.DisposeAsync();

        Assert.Equal(0, await first);
        Assert.Equal([3], await third);
    }

    [Fact]
    public async Task An_addition_without_an_object_is_refused_at_once_also_while_others_have_their_turn()
    {
        await using var held = await HeldAsync();
        await using var session = Sessions.Open();
        var first = session.ExecuteAsync($"update items set price = 1").AsTask();

        Assert.ThrowsAny<ArgumentException>(() => session.AddRange<Tag>([new("red", 1), null!]));
        await held.DisposeAsync();
        await first;
        await session.CommitAsync();
        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task All_objects_that_are_refused_while_others_have_their_turn_are_told()
    {
        await using var other = Sessions.Open();
        var (item, tag) = (new Item { Name = "a" }, new Tag("red", 1));
        other.AddRange<object>([item, tag]);
        await using var held = await HeldAsync();
        await using var session = Sessions.Open();
        var first = session.ExecuteAsync($"update items set price = 1").AsTask();
        session.Add(item);
        session.Delete(tag);
        session.Add(new Tag("blue", 1));
        await held.DisposeAsync();

        var refused = await RefusedAsync<SeveralRefused>(async () => await session.FlushAsync());

        Assert.Equal([nameof(Item), nameof(Tag)],
            refused.Causes.Select(static cause => Assert.IsType<EntityRefused>(cause).Entity.Split('.')[^1]));
        await first;
        await session.CommitAsync();
        Assert.Equal("blue", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task What_is_added_while_a_flush_is_under_way_goes_with_the_next()
    {
        await using var held = await HeldAsync();
        await using var session = Sessions.Open();
        session.Add(new Item { Name = "a", Price = 1 });
        var flush = session.FlushAsync().AsTask();
        var late = new Item { Name = "b", Price = 2 };
        session.Add(late);
        session.Delete(late);
        session.Add(late);
        var state = session.StateOfAsync(late).AsTask();
        await held.DisposeAsync();
        await flush;
        Assert.Equal(ObjectState.Pending, await state);
        await session.CommitAsync();

        Assert.Equal("a:1 b:2", await RowsAsync("items", "name, price"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_that_is_closed_during_a_command_ends_it_and_holds_nothing(bool waits)
    {
        await using var held = await HeldAsync();
        var session = Sessions.Open();
        var item = new Item { Name = "a", Price = 1 };
        session.Add(item);
        var flush = session.FlushAsync().AsTask();
        var behind = session.QueryAsync<int>($"select 1").AsTask();
        if (waits)
            await session.DisposeAsync();
        else
            session.Dispose();

        await Assert.ThrowsAnyAsync<BrokerException>(() => flush);
        await Assert.ThrowsAnyAsync<BrokerException>(() => behind);
        await held.DisposeAsync();
        await using var other = Sessions.Open();
        while (await session.StateOfAsync(item) != ObjectState.Transient)
            await Task.Yield();
        other.Add(item);
        await other.CommitAsync();
        Assert.Equal("a:1", await RowsAsync("items", "name, price"));
    }

    [Fact]
    public async Task A_session_that_is_closed_while_it_opens_its_conversation_leaves_no_connection_lent()
    {
        for (var round = 0; round < 40; round++)
        {
            var session = Sessions.Open();
            var query = Task.Run(async () => await session.QueryAsync<int>($"select 1"));
            if (round % 2 == 0)
                session.Dispose();
            else
                await session.DisposeAsync();
            try
            {
                await query;
            }
            catch (BrokerException refused)
            {
                Assert.IsType<ConversationGone>(refused.Failure);
            }
        }

        // The pool has four connections: they are all there.
        Session[] all = [.. Enumerable.Range(0, 4).Select(_ => Sessions.Open())];
        await Task.WhenAll(all.Select(one => one.QueryAsync<int>($"select 1").AsTask()));
        foreach (var one in all)
            await one.DisposeAsync();
    }

    [Fact]
    public async Task A_flush_that_is_cancelled_loses_nothing()
    {
        await using var held = await HeldAsync();
        await using var session = Sessions.Open();
        var item = new Item { Name = "a", Price = 1 };
        session.Add(item);
        using var cancel = new CancellationTokenSource();
        var flush = session.FlushAsync(cancel.Token).AsTask();
        await WaitingAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        Assert.Equal(ObjectState.Pending, await session.StateOfAsync(item));
        await held.DisposeAsync();
        await session.RollbackAsync();
        session.Add(item);
        await session.CommitAsync();
        Assert.Equal("a:1", await RowsAsync("items", "name, price"));
    }

    [Fact]
    public async Task Many_tasks_add_change_delete_flush_and_commit_in_one_session_and_each_finds_its_own()
    {
        await using var session = Sessions.Open();
        await Task.WhenAll(Enumerable.Range(0, 24).Select(async n =>
        {
            await Task.Yield();
            for (var round = 0; round < 6; round++)
            {
                var (kept, gone) = (new Item { Name = $"{n}.{round}", Price = 1 }, new Item { Name = "gone", Price = 1 });
                session.Add(gone);
                session.Add(kept);
                if (round % 2 == 0)
                    await session.FlushAsync();
                session.Delete(gone);
                kept.Price = 5;
                if (round % 3 == 0)
                    await session.CommitAsync();
                Assert.Equal([5], await session.QueryAsync<int>($"select price from items where name = {kept.Name}"));
            }
        }));
        await session.CommitAsync();

        Assert.Equal(144, await AskAsync<long>("select count(*) from items where price = 5"));
        Assert.Equal(144, await AskAsync<long>("select count(*) from items"));
    }

    /// <summary>Whoever writes items waits until it is disposed.</summary>
    private async Task<NpgsqlConnection> HeldAsync()
    {
        var connection = await Server.OpenConnectionAsync();
        await using var command = new NpgsqlCommand("begin; lock table items in exclusive mode", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private async Task WaitingAsync()
    {
        while (!await AskAsync<bool>("select exists (select from pg_locks where not granted)"))
            await Task.Yield();
    }
}
