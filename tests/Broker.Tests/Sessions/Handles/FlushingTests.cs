using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>What a flush sends, and when: behaviours 45, 47, 52 to 60.</summary>
public sealed class FlushingTests : HandleStage
{
    [Fact]
    public async Task Nothing_touches_the_database_before_it_must()
    {
        await using var session = Sessions.Open();
        session.Add(new Item { Name = "cup" });
        await session.StateOfAsync(session);

        Assert.Equal(0, (await Broker.GetStatusAsync("shop")).Lent);
        await session.FlushAsync();
        Assert.Equal(1, (await Broker.GetStatusAsync("shop")).Lent);
        await session.CommitAsync();
        Assert.Equal("cup", await RowsAsync("items", "name"));
    }

    [Fact]
    public async Task A_flush_without_work_begins_no_transaction()
    {
        await using var session = Sessions.Open();

        await session.FlushAsync();
        var receipt = await session.CommitAsync();

        Assert.Equal((0UL, 0), (receipt.TransactionId, Used(await Broker.GetStatusAsync("shop"))));
    }

    [Fact]
    public async Task A_query_sees_pending_work_unless_it_is_told_not_to_send_it()
    {
        await using var session = Sessions.Open();
        session.Add(new Item { Name = "cup" });
        using (session.NoAutoflush())
        {
            Assert.Empty(await session.QueryAsync<Item>($"select * from items"));
            await RefusedAsync<StatementFailed>(async () => await session.QueryAsync<int>($"select 1/0"));
        }

        await session.RollbackAsync();
        session.Add(new Item { Name = "cup" });
        Assert.Single(await session.QueryAsync<Item>($"select * from items"));
    }

    [Fact]
    public async Task A_session_may_be_made_without_autoflush()
    {
        await using var session = With(new() { Autoflush = false }).Open();
        session.Add(new Item { Name = "cup" });

        Assert.Empty(await session.QueryAsync<Item>($"select * from items"));
        await session.FlushAsync();
        Assert.Single(await session.QueryAsync<Item>($"select * from items"));
    }

    [Fact]
    public async Task A_failed_autoflush_says_that_it_was_not_the_query()
    {
        await using var session = Sessions.Open();
        session.Add(new Item { Name = "cup", Price = -1 });

        var failed = await RefusedAsync<AutoflushFailed>(async () => await session.QueryAsync<int>($"select 1"));

        Assert.Contains("price", failed.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Generated_keys_and_defaults_arrive_with_the_flush()
    {
        await using var session = Sessions.Open();
        Item[] items = [.. Enumerable.Range(0, 100).Select(i => new Item { Name = $"n{i:00}", Price = 3 })];
        session.AddRange(items);

        await session.FlushAsync();

        Assert.Equal(100, items.Select(item => item.Id).Distinct().Count());
        foreach (var row in await session.QueryAsync<(long Id, string Name)>($"select id, name from items"))
            Assert.Equal(row.Name, items.Single(item => item.Id == row.Id).Name);
        await session.CommitAsync();
    }

    [Fact]
    public async Task Inserts_come_in_the_order_of_adding()
    {
        await using var session = Sessions.Open();
        session.AddRange(Enumerable.Range(0, 50).Select(i => new Item { Name = $"n{i:00}", Price = 1, Kind = i % 2 == 0 ? "even" : null })
            .ToArray());

        await session.CommitAsync();

        Assert.True(await AskAsync<bool>("select bool_and(name = 'n' || lpad((2 * rank - 2)::text, 2, '0')) from (select name, row_number() over (order by id) rank from items where kind = 'even') ranked"));
    }

    [Fact]
    public async Task A_deleted_row_and_an_added_one_of_its_key_are_one_update()
    {
        await DirectlyAsync("insert into tags values ('red', 1); create table watched (what text); create rule watch as on delete to tags do also insert into watched values (old.name)");
        await using var session = Sessions.Open();
        session.Delete(await session.GetOneAsync<Tag>("red"));
        var added = new Tag("red", 5);
        session.Add(added);

        await session.CommitAsync();

        Assert.Equal(("red:5", ""), (await RowsAsync("tags", "name, weight"), await RowsAsync("watched", "what")));
        Assert.Equal(ObjectState.Persistent, await session.StateOfAsync(added));
    }

    [Fact]
    public async Task Keys_of_two_rows_are_swapped_in_one_flush_and_swapped_back_by_a_rollback_to_a_savepoint()
    {
        await DirectlyAsync("insert into lines values (1, 1, 'cup'), (1, 2, 'mug')");
        await using var session = Sessions.Open();
        var cup = await session.GetOneAsync<Line>((1, 1));
        var mug = await session.GetOneAsync<Line>((1, 2));
        (cup.LineNumber, mug.LineNumber) = (2, 1);
        await session.CommitAsync();
        Assert.Equal("1:mug 2:cup", await RowsAsync("lines", "line, what"));

        await session.RefreshAsync(cup);
        await using (await session.BeginNestedAsync())
        {
            await session.RefreshAsync(mug);
            (cup.LineNumber, mug.LineNumber) = (1, 2);
            await session.FlushAsync();
        }

        Assert.Equal((2, 1), (cup.LineNumber, mug.LineNumber));
        Assert.Same(mug, await session.GetAsync<Line>((1, 1)));
        await session.CommitAsync();
        Assert.Equal("1:mug 2:cup", await RowsAsync("lines", "line, what"));
    }

    [Fact]
    public async Task An_update_that_misses_its_row_is_stale_and_commits_nothing_of_the_flush()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup'), (2, 'mug'), (3, 'jar')");
        await using var session = Sessions.Open();
        var items = await session.QueryAsync<Item>($"select * from items order by id");
        await session.CommitAsync();
        await DirectlyAsync("delete from items where id in (1, 3)");
        foreach (var item in items)
            item.Price = 99;

        var stale = await RefusedAsync<StaleRows>(async () => await session.CommitAsync());

        Assert.Equal(["1", "3"], stale.Keys.Order());
        Assert.Equal("mug:10", await RowsAsync("items", "name, price"));
        await session.RollbackAsync();
    }

    [Fact]
    public async Task A_version_conflict_names_every_stale_key_and_commits_nothing_of_the_flush()
    {
        await DirectlyAsync("insert into items (id, name) select i, 'n' || i from generate_series(1, 5) i");
        await using var session = Sessions.Open();
        var items = await session.QueryAsync<GuardedItem>($"select * from items order by id");
        await session.CommitAsync();
        await DirectlyAsync("update items set version = version + 1 where id in (2, 4)");
        foreach (var item in items)
            item.Price = 99;

        var stale = await RefusedAsync<StaleRows>(async () => await session.CommitAsync());

        Assert.Equal(["2", "4"], stale.Keys.Order());
        Assert.Equal(0L, await AskAsync<long>("select count(*) from items where price = 99"));
        await session.RollbackAsync();
        await using var again = Sessions.Open();
        foreach (var item in await again.QueryAsync<GuardedItem>($"select * from items"))
            item.Price = 98;
        await again.CommitAsync();
        Assert.Equal(5L, await AskAsync<long>("select count(*) from items where price = 98"));
    }

    [Fact]
    public async Task A_version_counts_each_update_that_changed_something()
    {
        await DirectlyAsync("insert into items (id, name) values (1, 'cup')");
        await using var session = Sessions.Open();
        var item = await session.GetOneAsync<GuardedItem>(1L);
        item.Price = 11;
        await session.FlushAsync();
        item.Price = 12;
        await session.FlushAsync();
        item.Price = 12;
        await session.CommitAsync();

        Assert.Equal((3, 3), (item.Version, await AskAsync<int>("select version from items")));
    }

    [Fact]
    public async Task An_old_version_is_not_merged()
    {
        await DirectlyAsync("insert into items (id, name, version) values (1, 'cup', 2)");
        await using var session = Sessions.Open();

        await RefusedAsync<StaleRows>(async () => await session.MergeAsync(new GuardedItem { Id = 1, Name = "mug", Version = 1 }));
        var merged = await session.MergeAsync(new GuardedItem { Id = 1, Name = "mug", Version = 2 });
        await session.CommitAsync();

        Assert.Equal("mug:3", await RowsAsync("items", "name, version"));
        Assert.Equal(ObjectState.Persistent, await session.StateOfAsync(merged));
    }

    [Fact]
    public async Task Merging_an_object_without_a_row_adds_a_copy_of_it()
    {
        await using var session = Sessions.Open();
        var tag = new Tag("red", 1);

        var merged = await session.MergeAsync(tag);
        await session.CommitAsync();

        Assert.NotSame(tag, merged);
        Assert.Equal("red:1", await RowsAsync("tags", "name, weight"));
    }

    [Fact]
    public async Task Bulk_statements_change_rows_that_are_not_loaded_and_make_known_ones_out_of_date()
    {
        await DirectlyAsync("insert into items (id, name) select i, 'n' || i from generate_series(1, 5) i");
        await using var session = Sessions.Open();
        var known = await session.GetOneAsync<Item>(1L);

        Assert.Equal(3, await session.BulkUpdateAsync<Item>($"set price = price * {2} where id <= {3}"));
        Assert.Same(known, await session.GetAsync<Item>(1L));
        Assert.Equal(20, known.Price);
        Assert.Equal(2, await session.BulkDeleteAsync<Item>($"where id > {3}"));
        await session.CommitAsync();
        Assert.Equal(3L, await AskAsync<long>("select count(*) from items"));
    }

    [Fact]
    public async Task A_table_that_was_changed_is_looked_at_again_after_the_failure_that_tells_of_it()
    {
        await using var session = Sessions.Open();
        session.Add(new Tag("red", 1));
        await session.CommitAsync();
        await DirectlyAsync("alter table tags rename column weight to heaviness");

        session.Add(new Tag("blue", 1));
        Assert.Equal("42703", (await Assert.ThrowsAsync<Client.BrokerException>(async () => await session.CommitAsync())).SqlState);
        await session.RollbackAsync();
        session.Add(new Tag("blue", 1));
        var refused = await RefusedAsync<EntityRefused>(async () => await session.CommitAsync());
        Assert.Equal(("Tag", "Weight"), (refused.Entity, refused.Property));
        await DirectlyAsync("alter table tags rename column heaviness to weight");
        await session.CommitAsync();
        Assert.Equal("blue red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_table_of_the_session_alone_is_an_entity_of_it_too()
    {
        await using var session = Sessions.Open();
        await session.ExecuteAsync($"create temp table notes (id int primary key, text text)");
        session.Add(new Note { Id = 1, Text = "mine" });

        await session.FlushAsync();

        Assert.Equal(["mine"], await session.QueryAsync<string>($"select text from notes"));
    }

    [Fact]
    public async Task Ten_thousand_rows_are_inserted_updated_and_deleted()
    {
        await using var session = Sessions.Open();
        Item[] items = [.. Enumerable.Range(0, 10_000).Select(i => new Item { Name = $"n{i}", Price = 1 })];
        session.AddRange(items);
        await session.CommitAsync();
        foreach (var item in items)
            item.Price = 2;
        await session.CommitAsync();
        Assert.Equal(20_000L, await AskAsync<long>("select sum(price) from items"));
        foreach (var item in items)
            session.Delete(item);
        await session.CommitAsync();
        Assert.Equal(0L, await AskAsync<long>("select count(*) from items"));
    }

    private static int Used(Client.Protocol.Messages.PoolStatus status) => status.Opening + status.Idle + status.Busy + status.Lent;
}

/// <summary>A row of a table that only one session has.</summary>
public sealed class Note
{
    public int Id { get; set; }

    public string Text { get; set; } = "";
}
