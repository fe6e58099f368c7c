using System.Runtime.CompilerServices;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>One object for each row: behaviours 46, 48 to 51.</summary>
public sealed class IdentityTests : HandleStage
{
    [Fact]
    public async Task A_row_that_is_known_is_got_without_asking_the_server()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var session = Sessions.Open();
        var first = await session.GetAsync<Item>(1L);
        await DirectlyAsync("update items set name = 'mug'");

        Assert.Same(first, await session.GetAsync<Item>(1L));
        Assert.Same(first, await session.GetAsync<Item>(1)); // a narrower number is the same key
        Assert.Equal("cup", first!.Name);
    }

    [Fact]
    public async Task A_row_that_expired_or_is_to_be_locked_or_refreshed_is_asked_of_the_server()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var session = Sessions.Open();
        var item = (await session.GetAsync<Item>(1L))!;

        await DirectlyAsync("update items set name = 'mug'");
        session.Expire(item);
        Assert.Same(item, await session.GetAsync<Item>(1L));
        Assert.Equal("mug", item.Name);

        await DirectlyAsync("update items set name = 'jar'");
        await session.GetAsync<Item>(1L, new() { Refresh = true });
        Assert.Equal("jar", item.Name);

        await session.GetAsync<Item>(1L, new() { Locking = RowLock.ForUpdate });
        Assert.False(await AskAsync<bool>("select exists (select from items for update skip locked)"));
    }

    [Fact]
    public async Task A_row_that_is_not_there_is_null_and_refused_by_the_form_that_must_find_it()
    {
        await using var session = Sessions.Open();

        Assert.Null(await session.GetAsync<Item>(1L));
        var missing = await RefusedAsync<RowMissing>(async () => await session.GetOneAsync<Item>(1L));
        Assert.Equal(("Item", "1"), (missing.Entity, missing.Key));
    }

    [Fact]
    public async Task A_composite_key_is_given_as_a_tuple()
    {
        await DirectlyAsync("insert into lines values (7, 1, 'cup'), (7, 2, 'mug')");
        await using var session = Sessions.Open();

        var line = await session.GetAsync<Line>((7, 2));

        Assert.Equal("mug", line!.What);
        Assert.Same(line, await session.GetAsync<Line>((7, 2)));
        Assert.Null(await session.GetAsync<Line>((2, 7)));
    }

    [Fact]
    public async Task A_query_hands_out_the_object_that_stands_for_the_row()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup'), (2, 'mug')");
        await using var session = Sessions.Open();
        var cup = await session.GetAsync<Item>(1L);

        var all = await session.QueryAsync<Item>($"select * from items order by id");

        Assert.Same(cup, all[0]);
        Assert.Same(all[1], await session.GetAsync<Item>(2L));
    }

    [Fact]
    public async Task A_row_type_that_is_no_entity_is_read_as_values()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var session = Sessions.Open();

        Assert.Equal([(1L, "cup")], await session.QueryAsync<(long, string)>($"select id, name from items"));
        Assert.Equal([1L], await session.QueryAsync<long>($"select count(*) from items"));
    }

    [Fact]
    public async Task Two_objects_of_one_key_are_refused_without_damage()
    {
        await using var session = Sessions.Open();
        var first = new Tag("red", 1);
        session.Add(first);
        session.Add(new Tag("red", 2));

        await RefusedAsync<EntityRefused>(async () => await session.FlushAsync());

        Assert.Equal(ObjectState.Pending, await session.StateOfAsync(first));
        await session.RollbackAsync();
        session.Add(first);
        await session.CommitAsync();
        Assert.Equal("red:1", await RowsAsync("tags", "name, weight"));
    }

    [Fact]
    public async Task An_object_of_one_session_is_refused_by_another()
    {
        await using var one = Sessions.Open();
        await using var other = Sessions.Open();
        var tag = new Tag("red", 1);
        one.Add(tag);

        Assert.IsType<EntityRefused>(Assert.Throws<Client.BrokerException>(() => other.Add(tag)).Failure);

        one.Expunge(tag);
        other.Add(tag);
        await other.CommitAsync();
        Assert.Equal("red:1", await RowsAsync("tags", "name, weight"));
    }

    [Fact]
    public async Task An_object_that_is_never_changed_leaves_the_map_when_nobody_holds_it_and_one_that_was_replaced_stays_until_it_is_sent()
    {
        await DirectlyAsync("insert into tags values ('red', 1), ('blue', 1)");
        await using var session = Sessions.Open();
        var red = await LoadAsync(session, "red");
        var blue = await ReplaceAsync(session, "blue");

        // a thread that had a hand in it may not have left its frames yet
        for (var tries = 0; tries < 1_000 && IsAlive(red); tries++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(10);
        }

        Assert.False(IsAlive(red));
        Assert.True(blue.TryGetTarget(out _));
        await session.CommitAsync();
        Assert.Equal("blue:9 red:1", await RowsAsync("tags", "name, weight"));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static bool IsAlive(WeakReference<Tag> tag) => tag.TryGetTarget(out _);

        static async Task<WeakReference<Tag>> LoadAsync(Session session, string name) => new((await session.GetAsync<Tag>(name))!);

        static async Task<WeakReference<Tag>> ReplaceAsync(Session session, string name)
        {
            var changed = await session.GetOneAsync<Tag>(name) with { Weight = 9 };
            await session.UpdateAsync(changed);
            return new(changed);
        }
    }

    [Fact]
    public async Task Adding_then_deleting_sends_nothing()
    {
        await using var session = Sessions.Open();
        var item = new Item { Name = "cup" };
        session.Add(item);
        session.Delete(item);

        Assert.Equal(ObjectState.Transient, await session.StateOfAsync(item));
        await session.CommitAsync();
        Assert.Equal("", await RowsAsync("items", "name"));
    }

    [Fact]
    public async Task Deleting_then_adding_keeps_the_row()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var session = Sessions.Open();
        var item = await session.GetOneAsync<Item>(1L);
        session.Delete(item);
        session.Add(item);

        Assert.Equal(ObjectState.Persistent, await session.StateOfAsync(item));
        await session.CommitAsync();
        Assert.Equal("cup", await RowsAsync("items", "name"));
    }

    [Fact]
    public async Task States_follow_an_object_from_its_adding_to_its_deletion()
    {
        await using var session = Sessions.Open();
        var item = new Item { Name = "cup", Price = 5 };
        Assert.Equal(ObjectState.Transient, await session.StateOfAsync(item));
        session.Add(item);
        Assert.Equal(ObjectState.Pending, await session.StateOfAsync(item));
        await session.FlushAsync();
        Assert.Equal(ObjectState.Persistent, await session.StateOfAsync(item));
        Assert.NotEqual(0, item.Id);
        session.Delete(item);
        await session.FlushAsync();
        Assert.Equal(ObjectState.Deleted, await session.StateOfAsync(item));
        await session.CommitAsync();
        Assert.Equal(ObjectState.Detached, await session.StateOfAsync(item));
    }

    [Fact]
    public async Task A_pending_object_that_is_expunged_is_not_sent_and_a_deleted_one_is_detached()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var session = Sessions.Open();
        var pending = new Item { Name = "mug" };
        session.Add(pending);
        session.Expunge(pending);
        var kept = await session.GetOneAsync<Item>(1L);
        session.Delete(kept);
        session.Expunge(kept);

        await session.CommitAsync();

        Assert.Equal((ObjectState.Transient, ObjectState.Detached),
            (await session.StateOfAsync(pending), await session.StateOfAsync(kept)));
        Assert.Equal("cup", await RowsAsync("items", "name"));
    }

    [Fact]
    public async Task Deleting_an_object_that_stands_for_no_row_is_refused()
    {
        await using var session = Sessions.Open();

        Assert.IsType<EntityRefused>(Assert.Throws<Client.BrokerException>(() => session.Delete(new Item())).Failure);
    }

    [Fact]
    public async Task An_equal_value_sends_no_update()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'cup', 5)");
        var before = await AskAsync<string>("select xmin::text from items");
        await using var session = Sessions.Open();
        var item = await session.GetOneAsync<Item>(1L);
        item.Price = 7;
        item.Price = 5;
        item.Name = new string("cup".ToCharArray());

        var receipt = await session.CommitAsync();

        Assert.Equal((0UL, before), (receipt.TransactionId, await AskAsync<string>("select xmin::text from items")));
    }

    [Fact]
    public async Task Only_columns_that_changed_are_sent()
    {
        await DirectlyAsync("insert into items (id, name, price) values (1, 'cup', 5)");
        await using var session = Sessions.Open();
        var item = await session.GetOneAsync<Item>(1L);
        await DirectlyAsync("update items set name = 'mug'");
        item.Price = 6;

        await session.CommitAsync();

        Assert.Equal("mug:6", await RowsAsync("items", "name, price"));
    }

    [Fact]
    public async Task A_changed_record_takes_the_place_of_one_that_is_added_and_not_sent()
    {
        await using var session = Sessions.Open();
        var (first, second) = (new Tag("red", 1), new Tag("red", 2));
        session.Add(first);
        session.Add(new Tag("blue", 1));
        await session.UpdateAsync(second);
        Assert.Equal((ObjectState.Transient, ObjectState.Pending), (await session.StateOfAsync(first), await session.StateOfAsync(second)));
        await session.FlushAsync();
        await session.UpdateAsync(second with { Weight = 3 });
        await session.CommitAsync();

        Assert.Equal("blue:1 red:3", await RowsAsync("tags", "name, weight"));
    }

    [Fact]
    public async Task A_changed_record_that_gets_its_key_with_the_flush_is_refused_until_then()
    {
        await using var session = Sessions.Open();
        var added = new FixedItem(0, "cup", 1);
        session.Add(added);
        var refused = await RefusedAsync<EntityRefused>(async () => await session.UpdateAsync(added with { Price = 2 }));
        Assert.Contains("flush", refused.Message, StringComparison.Ordinal);
        await session.FlushAsync();
        await session.UpdateAsync(added with { Price = 2 });
        await session.CommitAsync();

        Assert.Equal("1:cup:2", await RowsAsync("items", "id, name, price"));
    }

    [Fact]
    public async Task Blanks_at_the_end_of_a_padded_key_mean_nothing()
    {
        await DirectlyAsync("create table codes (id char(4) primary key, label text); insert into codes values ('ab', 'x')");
        await using var session = Sessions.Open();
        var code = await session.GetOneAsync<Code>("ab");
        Assert.Same(code, await session.GetOneAsync<Code>("ab  "));
        Assert.Same(code, (await session.QueryAsync<Code>($"select * from codes"))[0]);
        var added = new Code { Id = "cd", Label = "y" };
        session.Add(added);
        await session.FlushAsync();
        Assert.Same(added, (await session.QueryAsync<Code>($"select * from codes where id = 'cd'"))[0]);
        session.Delete(code);
        session.Add(new Code { Id = "ab", Label = "z" });
        Assert.Same(added, await session.MergeAsync(new Code { Id = "cd  ", Label = "w" }));
        await session.CommitAsync();

        Assert.Equal("ab:z cd:w", await RowsAsync("codes", "trim(id), label"));
    }

    [Theory]
    [InlineData("citext")]
    [InlineData("text collate loose")]
    public async Task A_key_whose_equality_only_the_server_knows_is_refused(string type)
    {
        await DirectlyAsync($"create extension citext; create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false); create table codes (id {type} primary key, label {type})");
        await using var session = Sessions.Open();

        Assert.Equal(nameof(Code.Id), (await RefusedAsync<EntityRefused>(async () => await session.GetAsync<Code>("ab"))).Property);
    }

    [System.ComponentModel.DataAnnotations.Schema.Table("codes")]
    private sealed class Code
    {
        public string Id { get; set; } = "";

        public string? Label { get; set; }
    }

    [System.ComponentModel.DataAnnotations.Schema.Table("items")]
    private sealed record FixedItem(long Id, string Name, int Price);
}
