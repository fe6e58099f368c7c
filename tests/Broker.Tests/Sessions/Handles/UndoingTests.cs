using System.ComponentModel.DataAnnotations.Schema;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>What a rollback leaves: of what it undoes nothing, of the rest everything.</summary>
public sealed class UndoingTests : HandleStage
{
    [Fact]
    public async Task A_reference_that_was_set_is_undone_by_a_rollback_and_not_sent_later()
    {
        var (_, second, pet) = await PetsAsync();
        await using var session = Sessions.Open();
        var (loaded, other) = (await session.GetOneAsync<Pet>(pet), await session.GetOneAsync<Owner>(second));
        loaded.Owner = other;
        await session.FlushAsync();
        await session.RollbackAsync();
        Assert.Null(loaded.Owner);
        await session.CommitAsync();
        Assert.Equal("1:1", await RowsAsync("pets", "id, owner_id"));

        loaded.Owner = await session.GetOneAsync<Owner>(second);
        await session.RollbackAsync();
        await session.CommitAsync();
        Assert.Equal("1:1", await RowsAsync("pets", "id, owner_id"));

        loaded.Owner = await session.GetOneAsync<Owner>(second);
        using (session.NoAutoflush())
            await session.RefreshAsync(loaded);
        await session.CommitAsync();
        Assert.Equal("1:1", await RowsAsync("pets", "id, owner_id"));
    }

    [Fact]
    public async Task A_reference_that_was_sent_is_not_sent_again_over_the_change_of_another()
    {
        var (_, second, pet) = await PetsAsync();
        await using var session = Sessions.Open();
        var loaded = await session.GetOneAsync<Pet>(pet);
        loaded.Owner = await session.GetOneAsync<Owner>(second);
        await session.CommitAsync();
        await DirectlyAsync("update pets set owner_id = 1");
        await session.GetOneAsync<Pet>(pet);
        await session.CommitAsync();
        Assert.Equal("1:1", await RowsAsync("pets", "id, owner_id"));
        Assert.Equal((1, null), (loaded.OwnerId, loaded.Owner));
    }

    [Fact]
    public async Task A_rolled_back_scope_leaves_objects_that_it_did_not_touch_up_to_date()
    {
        await DirectlyAsync("insert into items (name, price) values ('a', 1), ('b', 2)");
        await using var session = Sessions.Open();
        var (one, two) = (await session.GetOneAsync<Item>(1L), await session.GetOneAsync<Item>(2L));
        await using (var scope = await session.BeginNestedAsync())
        {
            two.Price = 3;
            await session.FlushAsync();
            await scope.RollbackAsync();
        }

        await DirectlyAsync("update items set price = price + 10");
        Assert.Equal(1, (await session.GetOneAsync<Item>(1L)).Price);
        Assert.Equal(12, (await session.GetOneAsync<Item>(2L)).Price);
    }

    [Fact]
    public async Task A_rollback_happens_though_the_hook_before_it_fails()
    {
        await using var session = With(new() { Hooks = new() { BeforeRollback = (_, _) => throw new InvalidOperationException("no") } })
            .Open();
        var tag = new Tag("red", 1);
        session.Add(tag);
        await session.FlushAsync();

        Assert.Equal("BeforeRollback", (await RefusedAsync<SessionHookFailed>(async () => await session.RollbackAsync())).Hook);
        Assert.Equal(ObjectState.Transient, await session.StateOfAsync(tag));
        await session.CommitAsync();
        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_key_that_was_set_behind_a_refused_flush_is_kept_by_the_rollback()
    {
        await using var session = With(new() { Terms = new() { SavepointPerCommand = true } }).Open();
        var item = new Item { Name = "a", Price = -1 };
        session.Add(item);
        await RefusedAsync<CheckViolated>(async () => await session.FlushAsync());
        (item.Id, item.Price) = (77, 1);
        await session.FlushAsync();
        await session.RollbackAsync();

        Assert.Equal(77, item.Id);
    }

    [Fact]
    public async Task What_was_added_and_not_committed_is_new_again_when_its_session_is_closed()
    {
        var session = Sessions.Open();
        var (tag, item) = (new Tag("red", 1), new Item { Name = "a", Price = 1 });
        session.Add(tag);
        await session.FlushAsync();
        session.Add(item);
        await session.CloseAsync();
        await using var other = Sessions.Open();
        other.Add(tag);
        other.Add(item);
        await other.CommitAsync();

        Assert.Equal(("red", "a"), (await RowsAsync("tags", "name"), await RowsAsync("items", "name")));
    }

    [Fact]
    public async Task An_object_is_added_again_after_any_rollback_and_gets_a_key_of_its_own()
    {
        await using var session = Sessions.Open();
        var item = new Item { Name = "a" };
        var scope = await session.BeginNestedAsync();
        session.Add(item);
        await session.FlushAsync();
        await scope.RollbackAsync();
        Assert.Equal((0, 0, ObjectState.Transient), (item.Id, item.Price, await session.StateOfAsync(item)));
        session.Add(item);
        await session.FlushAsync();
        Assert.Equal((2, 10), (item.Id, item.Price));
        await session.RollbackAsync();
        Assert.Equal((0, 0, ObjectState.Transient), (item.Id, item.Price, await session.StateOfAsync(item)));
        session.Add(item);
        await session.CommitAsync();
        Assert.Equal("3:a:10", await RowsAsync("items", "id, name, price"));
    }

    [Fact]
    public async Task Replacing_deleting_and_adding_one_row_in_scopes_is_undone_to_what_it_was()
    {
        await DirectlyAsync("insert into tags values ('red', 1)");
        await using var session = Sessions.Open();
        var first = await session.GetOneAsync<Tag>("red");
        var second = first with { Weight = 2 };
        await session.UpdateAsync(second);
        var outer = await session.BeginNestedAsync();
        session.Delete(second);
        var inner = await session.BeginNestedAsync();
        var third = new Tag("red", 3);
        session.Add(third);
        await session.FlushAsync();
        await session.UpdateAsync(third with { Weight = 4 });
        await session.FlushAsync();
        Assert.Equal([4], await session.QueryAsync<int>($"select weight from tags"));
        await inner.RollbackAsync();
        Assert.Empty(await session.QueryAsync<int>($"select weight from tags"));
        Assert.Null(await session.GetAsync<Tag>("red"));
        await outer.RollbackAsync();
        Assert.Equal(2, (await session.GetOneAsync<Tag>("red")).Weight);
        await session.RollbackAsync();
        Assert.Equal(1, (await session.GetOneAsync<Tag>("red")).Weight);
        await session.CommitAsync();
        Assert.Equal("red:1", await RowsAsync("tags", "name, weight"));
    }

    private async Task<(long First, long Second, long Pet)> PetsAsync()
    {
        await DirectlyAsync("insert into owners (name) values ('x'), ('y'); insert into pets (owner_id, name) values (1, 'p')");
        return (1, 2, 1);
    }

    [Table("pets")]
    private sealed class Pet
    {
        public long Id { get; set; }

        public long OwnerId { get; set; }

        public Owner? Owner { get; set; }

        public string Name { get; set; } = "";
    }

    private sealed class Owner
    {
        public long Id { get; set; }

        public string Name { get; set; } = "";
    }
}
