using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using System.Runtime.CompilerServices;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>No change gets lost, and none is sent twice, whatever comes between.</summary>
public sealed class LostWorkTests : HandleStage
{
    [Fact]
    public async Task A_change_in_place_while_its_row_is_on_its_way_goes_with_the_next_flush()
    {
        await using var session = Sessions.Open();
        var added = new Watched { Name = "a", Price = 1 };
        // The key arrives behind what was sent: here another thread would have changed the object.
        added.Changing = () => added.Price = 2;
        session.Add(added);
        await session.FlushAsync();
        added.Changing = null;
        await session.CommitAsync();
        Assert.Equal("a:2", await RowsAsync("items", "name, price"));

        added = await session.GetOneAsync<Watched>(added.Id);
        added.Price = 3;
        added.Changing = () => added.Price = 4;
        await session.FlushAsync();
        added.Changing = null;
        await session.CommitAsync();
        Assert.Equal("a:4:4", await RowsAsync("items", "name, price, version"));
    }

    [Fact]
    public async Task An_object_whose_setters_are_private_is_found_to_be_changed()
    {
        await using var session = Sessions.Open();
        var account = new Account("items", 5);
        session.Add(account);
        await session.FlushAsync();
        account.Reprice(7);
        await session.CommitAsync();

        Assert.Equal("items:7", await RowsAsync("items", "name, price"));
    }

    [Fact]
    public async Task An_object_that_stood_for_a_row_of_another_database_is_new_in_this_one()
    {
        await using var there = Sessions.Open();
        there.Add(new Tag("red", 1));
        await there.CommitAsync();
        var tag = await there.GetOneAsync<Tag>("red");
        there.Expunge(tag);
        await DirectlyAsync("create schema other; create table other.tags (like tags including all)");
        await using var here = With(new() { Terms = new() { Context = new() { SearchPath = "other" } } }).Open();
        here.Add(tag);
        await here.CommitAsync();

        Assert.Equal("red:1", await RowsAsync("other.tags", "name, weight"));
    }

    [Fact]
    public async Task An_object_that_is_never_changed_is_kept_while_its_deletion_waits()
    {
        await DirectlyAsync("insert into tags values ('red', 1)");
        await using var session = Sessions.Open();
        await DeleteAndRefreshAsync(session);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        await session.CommitAsync();

        Assert.Equal("", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task Objects_of_any_types_are_added_together()
    {
        await using var session = Sessions.Open();
        session.AddRange<object>([new Tag("red", 1), new Item { Name = "a", Price = 1 }]);
        await session.CommitAsync();

        Assert.Equal(("red", "a"), (await RowsAsync("tags", "name"), await RowsAsync("items", "name")));
    }

    [Fact]
    public async Task A_row_that_was_not_loaded_and_is_to_be_changed_is_brought_up_to_date_by_a_query()
    {
        await DirectlyAsync("insert into items (name, price, kind) values ('a', 1, 'x')");
        await using var session = Sessions.Open();
        var changed = new Item { Id = 1, Name = "b", Price = 2 };
        await session.UpdateAsync(changed);
        session.Expire(changed);
        using (session.NoAutoflush())
            Assert.Same(changed, (await session.QueryAsync<Item>($"select * from items"))[0]);
        await session.CommitAsync();

        Assert.Equal("b:2", await RowsAsync("items", "name, price"));
    }

    [Fact]
    public async Task A_row_that_a_trigger_left_out_leaves_no_work_behind()
    {
        await DirectlyAsync("""
            create table codes (code text primary key default gen_random_uuid()::text, what text);
            create function nothing() returns trigger language plpgsql as 'begin return null; end';
            create trigger nothing before insert on codes for each row execute function nothing();
            """);
        await using var session = Sessions.Open();
        var code = new Code { What = "a" };
        session.Add(code);
        await session.CommitAsync();

        Assert.Equal(ObjectState.Detached, await session.StateOfAsync(code));
        Assert.Empty((await session.CommitAsync()).Unsent);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task DeleteAndRefreshAsync(Session session)
    {
        var tag = await session.GetOneAsync<Tag>("red");
        session.Delete(tag);
        await DirectlyAsync("update tags set weight = 2");
        await session.RefreshAsync(tag);
    }

    [Table("items")]
    private sealed class Watched
    {
        public long Id { get; set { field = value; Changing?.Invoke(); } }

        public string Name { get; set; } = "";

        public int Price { get; set; }

        [ConcurrencyCheck]
        public int Version { get; set { field = value; Changing?.Invoke(); } }

        [NotMapped]
        internal Action? Changing { get; set; }
    }

    [Table("items")]
    private sealed class Account
    {
        private Account() { }

        public Account(string name, int price) => (Name, Price) = (name, price);

        public long Id { get; private set; }

        public string Name { get; private set; } = "";

        public int Price { get; private set; }

        public void Reprice(int price) => Price = price;
    }

    private sealed class Code
    {
        [Key, Column("code")]
        public string? Key { get; set; }

        public string? What { get; set; }
    }
}
