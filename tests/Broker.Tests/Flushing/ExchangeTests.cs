using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Flushing;

/// <summary>Rows that take each other's keys or unique values.</summary>
public sealed class ExchangeTests : FlushStage
{
    protected override string Schema => """
        create table seats (number int primary key, guest text, version int not null default 1, extra text default 'x', doubled int generated always as (number * 2) stored);
        insert into seats (number, guest, extra) select i, 'guest' || i, 'extra' || i from generate_series(1, 4) i;
        create table orders (id int primary key, seat int references seats);
        insert into orders select i, i from generate_series(1, 4) i;
        create table users (id int primary key, email text unique);
        insert into users values (1, 'a'), (2, 'b'), (3, 'c');
        create table places (id int primary key, rank int unique deferrable);
        insert into places values (1, 1), (2, 2);
        create table owners (id int primary key, name text);
        insert into owners values (1, 'a'), (2, 'b');
        create table pets (id int primary key, owner_id int references owners on delete cascade);
        create table tags (id int primary key, name text);
        insert into tags values (1, 'a'), (2, 'b');
        create table tagged (id int primary key, tag int references tags on update cascade);
        """;

    [Table("seats")]
    public sealed record Seat([property: Key] int Number, string? Guest, [property: ConcurrencyCheck] int Version)
    {
        [DatabaseGenerated(DatabaseGeneratedOption.Computed)]
        public int Doubled { get; init; }
    }

    [Table("users")]
    public sealed record User(int Id, string? Email);

    [Table("places")]
    public sealed record Place(int Id, int Rank);

    [Table("owners")]
    public sealed record Owner(int Id, string Name);

    [Table("tags")]
    public sealed record Tag(int Id, string Name);

    [Fact]
    public async Task Two_rows_swap_their_keys_though_others_point_at_them()
    {
        Seat[] moved = [new(2, "guest1", 1), new(1, "guest2", 1)];
        await FlushAsync(await UpdateAsync(moved[0], new(1, "guest1", 1)), await UpdateAsync(moved[1], new(2, "guest2", 1)));
        Assert.Single(Texts);
        Assert.Equal("2 guest1 extra1 2,1 guest2 extra2 2",
            await OnlyAsync<string>(
                "select string_agg(concat_ws(' ', number, guest, extra, version), ',' order by guest) from seats where number < 3"));
        Assert.Equal([4, 2], moved.Select(one => one.Doubled));
        Assert.Equal([2, 2], moved.Select(one => one.Version));
    }

    [Fact]
    public async Task A_chain_of_keys_moves_on_and_the_last_takes_that_of_a_deleted_row()
    {
        await DoAsync("delete from orders where seat in (1, 3)");
        await FlushAsync(await UpdateAsync(new(2, "guest1", 1), new Seat(1, "guest1", 1)),
            await UpdateAsync(new(3, "guest2", 1), new Seat(2, "guest2", 1)),
            await DeleteAsync(new Seat(3, "guest3", 1)), await InsertAsync(new Seat(1, "new", 1)));
        Assert.Equal("1 new,2 guest1,3 guest2,4 guest4",
            await OnlyAsync<string>("select string_agg(concat_ws(' ', number, guest), ',' order by number) from seats"));
    }

    [Fact]
    public async Task A_stale_row_keeps_all_of_them_in_place()
    {
        await DoAsync("update seats set version = 7 where number = 2");
        var stale = await FailureOfAsync<StaleRows>(await UpdateAsync(new(2, "guest1", 1), new Seat(1, "guest1", 1)),
            await UpdateAsync(new(1, "guest2", 1), new Seat(2, "guest2", 1)));
        Assert.Equal<string>(["2"], stale.Keys);
        Assert.Equal("guest1,guest2", await OnlyAsync<string>("select string_agg(guest, ',' order by number) from seats where number < 3"));
    }

    [Fact]
    public async Task A_single_key_that_changes_to_a_free_one_is_a_plain_update()
    {
        await DoAsync("delete from orders");
        await FlushAsync(await UpdateAsync(new(9, "guest1", 1), new Seat(1, "guest1", 1)));
        Assert.StartsWith("WITH w0 AS (UPDATE", Assert.Single(Texts), StringComparison.Ordinal);
        Assert.Equal("guest1", (await GetAsync<Seat>(9)).Guest);
    }

    [Fact]
    public async Task Unique_values_are_swapped_too()
    {
        await FlushAsync(await UpdateAsync(new User(1, "b"), new(1, "a")), await UpdateAsync(new User(2, "a"), new(2, "b")));
        Assert.Equal("b,a,c", await OnlyAsync<string>("select string_agg(email, ',' order by id) from users"));
        await FlushAsync(await UpdateAsync(new User(1, "c"), new(1, "b")), await DeleteAsync(new User(3, "c")));
        Assert.Equal("c,a", await OnlyAsync<string>("select string_agg(email, ',' order by id) from users"));
    }

    [Fact]
    public async Task A_deferrable_key_needs_nothing_special()
    {
        await FlushAsync(await UpdateAsync(new Place(1, 2), new(1, 1)), await UpdateAsync(new Place(2, 1), new(2, 2)));
        Assert.StartsWith("WITH w0 AS (UPDATE", Assert.Single(Texts), StringComparison.Ordinal);
        Assert.DoesNotContain("DELETE", Texts[0], StringComparison.Ordinal);
        Assert.Equal(2, (await GetAsync<Place>(1)).Rank);
    }

    [Fact]
    public async Task Where_it_would_touch_rows_that_point_at_them_it_is_refused()
    {
        Assert.Contains("pets_owner_id_fkey",
            (await FailureOfAsync<EntityRefused>(await UpdateAsync(new Owner(2, "a"), new(1, "a")),
                await UpdateAsync(new Owner(1, "b"), new(2, "b")))).Message, StringComparison.Ordinal);
        Assert.Contains("tagged_tag_fkey",
            (await FailureOfAsync<EntityRefused>(await UpdateAsync(new Tag(2, "a"), new(1, "a")),
                await UpdateAsync(new Tag(1, "b"), new(2, "b")))).Message, StringComparison.Ordinal);
    }
}
