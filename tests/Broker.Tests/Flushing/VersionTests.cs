using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using Broker.Client.Flushing;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Flushing;

/// <summary>Rows that say whether they were changed since they were read.</summary>
public sealed class VersionTests : FlushStage
{
    protected override string Schema => """
        create table counted (id int primary key, name text, version int not null);
        create table stamped (id int primary key, name text);
        create table guarded (id int primary key, name text, owner text);
        create function touch() returns trigger language plpgsql as $$ begin new.revision := old.revision + 10; return new; end $$;
        create table served (id int primary key, name text, revision bigint not null default 1);
        create trigger touch before update on served for each row execute function touch();
        insert into counted select i, 'old', 1 from generate_series(1, 5) i;
        insert into stamped select i, 'old' from generate_series(1, 5) i;
        insert into guarded select i, 'old', 'me' from generate_series(1, 5) i;
        insert into served select i, 'old' from generate_series(1, 5) i;
        """;

    [Table("counted")]
    public sealed record Counted(int Id, string? Name, [property: ConcurrencyCheck] int Version);

    [Table("stamped")]
    public sealed record Stamped(int Id, string? Name, [property: Timestamp] uint Version);

    [Table("guarded")]
    public sealed record Guarded(int Id, string? Name, [property: ConcurrencyCheck] string? Owner);

    [Table("served")]
    public sealed record Served(int Id, string? Name,
        [property: ConcurrencyCheck, DatabaseGenerated(DatabaseGeneratedOption.Computed)] long Revision);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_counted_version_grows_with_each_update(int count)
    {
        Counted[] changed = [.. Enumerable.Range(1, count).Select(i => new Counted(i, "new", 1))];
        await FlushAsync(await AllAsync(changed.Select(one => UpdateAsync(one, one with { Name = "old" }))));
        Assert.All(changed, one => Assert.Equal(2, one.Version));
        Assert.Equal(changed[^1], await GetAsync<Counted>(count));
    }

    [Fact]
    public async Task Every_stale_row_is_named_and_those_that_are_not_stale_stay_as_they_were()
    {
        await DoAsync("update counted set version = 2 where id in (2, 4)");
        var stale = await FailureOfAsync<StaleRows>(await AllAsync(Enumerable.Range(1, 5)
            .Select(i => UpdateAsync(new Counted(i, "new", 1), new Counted(i, "old", 1)))));
        Assert.Equal<string>(["2", "4"], stale.Keys);
        Assert.Equal(0L, await OnlyAsync<long>("select count(*) from counted where name = 'new'"));
        Assert.Equal<string>(["2"],
            (await FailureOfAsync<StaleRows>(await UpdateAsync(new Counted(2, "new", 1), new Counted(2, "old", 1)))).Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_versioned_row_that_changed_is_not_deleted(int count)
    {
        await DoAsync("update counted set version = 2 where id = 1");
        var stale =
            await FailureOfAsync<StaleRows>(await AllAsync(Enumerable.Range(1, count).Select(i => DeleteAsync(new Counted(i, "old", 1)))));
        Assert.Equal<string>(["1"], stale.Keys);
        Assert.Equal(5L, await OnlyAsync<long>("select count(*) from counted"));
        await FlushAsync(await AllAsync(Enumerable.Range(2, count).Select(i => DeleteAsync(new Counted(i, "old", 1)))));
        Assert.Equal(5L - count, await OnlyAsync<long>("select count(*) from counted"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_servers_own_mark_of_a_row_is_a_version(int count)
    {
        var before = await ManyAsync<Stamped>(count);
        Stamped[] changed = [.. before.Select(one => one with { Name = "new" })];
        await FlushAsync(await AllAsync(changed.Select((one, i) => UpdateAsync(one, before[i]))));
        Assert.All(changed.Zip(before), pair => Assert.NotEqual(pair.First.Version, pair.Second.Version));
        Assert.Equal(changed[^1], await GetAsync<Stamped>(count));
        var stale = await FailureOfAsync<StaleRows>(await AllAsync(before.Select(one => UpdateAsync(one with { Name = "late" }, one))));
        Assert.Equal(Enumerable.Range(1, count).Select(i => $"{i}"), stale.Keys);
        Assert.Contains("xmin", Texts[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_new_row_learns_the_servers_mark(int count)
    {
        Stamped[] added = [.. Enumerable.Range(10, count).Select(i => new Stamped(i, "new", 0))];
        await FlushAsync(await AllAsync(added.Select(InsertAsync)));
        Assert.Equal(added[^1], await GetAsync<Stamped>(9 + count));
        Assert.NotEqual(0u, added[0].Version);
    }

    [Fact]
    public async Task A_checked_column_must_be_as_it_was_read()
    {
        await DoAsync("update guarded set owner = null where id = 2");
        await FlushAsync(await UpdateAsync(new Guarded(2, "new", null), new Guarded(2, "old", null)),
            await UpdateAsync(new Guarded(3, "new", "you"), new Guarded(3, "old", "me")));
        var stale = await FailureOfAsync<StaleRows>(await UpdateAsync(new Guarded(1, "new", null), new Guarded(1, "old", null)));
        Assert.Equal<string>(["1"], stale.Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_version_that_the_server_makes_is_read_back(int count)
    {
        Served[] changed = [.. Enumerable.Range(1, count).Select(i => new Served(i, "new", 1))];
        await FlushAsync(await AllAsync(changed.Select(one => UpdateAsync(one, one with { Name = "old" }))));
        Assert.All(changed, one => Assert.Equal(11, one.Revision));
        await FailureOfAsync<StaleRows>(await UpdateAsync(new Served(1, "late", 1), new Served(1, "new", 1)));
    }

    [Fact]
    public async Task A_row_that_takes_the_place_of_a_deleted_one_is_checked_too()
    {
        var next = new Counted(1, "new", 0);
        await FlushAsync(await DeleteAsync(new Counted(1, "old", 1)), await InsertAsync(next));
        Assert.Equal(2, next.Version);
        Assert.Equal(next, await GetAsync<Counted>(1));
        await FailureOfAsync<StaleRows>(await DeleteAsync(new Counted(1, "old", 1)), await InsertAsync(new Counted(1, "late", 0)));
    }

    [Fact]
    public async Task An_answer_that_was_lost_is_told()
    {
        var plan = FlushPlanner.Plan([await InsertAsync(new Stamped(20, "new", 0))]);
        Assert.Single(plan.Apply([]).Unread);
    }

    private async Task<T[]> ManyAsync<T>(int count) where T : class
    {
        var all = new List<T>();
        for (var i = 1; i <= count; i++)
        {
            all.Add(await GetAsync<T>(i));
        }
        return [.. all];
    }
}
