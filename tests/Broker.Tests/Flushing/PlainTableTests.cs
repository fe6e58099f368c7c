using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Xunit;

namespace Broker.Tests.Flushing;

/// <summary>New, changed and deleted rows of a plain table.</summary>
public sealed class PlainTableTests : FlushStage
{
    protected override string Schema => """
        create table customers (id int generated always as identity primary key, name text not null, note text, created timestamptz not null default now());
        create table tags (code text primary key, label varchar(10));
        """;

    public sealed class Customer
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public string? Note { get; set; }

        public DateTime Created { get; set; }
    }

    public sealed record Tag(string Code, string? Label);

    [Fact]
    public async Task A_new_row_gets_its_key_and_what_was_not_set()
    {
        var customer = new Customer { Name = "Ada" };
        await FlushAsync(await InsertAsync(customer));
        Assert.Equal(1, customer.Id);
        Assert.Equal(DateTimeKind.Utc, customer.Created.Kind);
        Assert.NotEqual(default, customer.Created);
        Assert.Equal(
            "INSERT INTO \"public\".\"customers\" AS t (\"name\", \"note\") VALUES ($1, $2) RETURNING t.\"id\" AS r0, t.\"created\" AS r3",
                Assert.Single(Texts));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1000)]
    public async Task New_rows_get_their_keys_in_the_order_in_which_they_were_added(int count)
    {
        Customer[] customers = [.. Enumerable.Range(1, count).Select(i => new Customer { Name = $"c{i}", Note = i % 3 == 0 ? null : "x" })];
        await FlushAsync(await AllAsync(customers.Select(InsertAsync)));
        Assert.Equal(Enumerable.Range(1, count), customers.Select(customer => customer.Id));
        Assert.Single(Texts);
        Assert.Equal("c2", (await GetAsync<Customer>(2)).Name);
        Assert.Equal(count / 3, (int)await OnlyAsync<long>("select count(*) from customers where note is null"));
    }

    [Fact]
    public async Task The_text_does_not_depend_on_the_number_of_rows()
    {
        await FlushAsync(await InsertAsync(new Customer { Name = "a" }), await InsertAsync(new Customer { Name = "b" }));
        var two = Texts;
        await FlushAsync(await InsertAsync(new Customer { Name = "a" }), await InsertAsync(new Customer { Name = "b" }),
            await InsertAsync(new Customer { Name = "c" }));
        Assert.Same(two.Single(), Texts.Single());
    }

    [Fact]
    public async Task Batches_break_only_where_columns_differ_and_keep_the_order_of_add()
    {
        var created = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Customer[] customers =
        [
            new() { Name = "a" }, new() { Name = "b" }, new() { Name = "c", Created = created }, new() { Name = "d", Created = created },
            new() { Name = "e" },
        ];
        await FlushAsync(await AllAsync(customers.Select(InsertAsync)));
        Assert.Equal(3, Texts.Length);
        Assert.Equal([1, 2, 3, 4, 5], customers.Select(customer => customer.Id));
        Assert.Equal(created, (await GetAsync<Customer>(4)).Created);
    }

    [Fact]
    public async Task A_changed_row_writes_the_changed_columns_only()
    {
        var customer = new Customer { Name = "Ada", Note = "n" };
        await FlushAsync(await InsertAsync(customer));
        var map = await MapAsync<Customer>();
        var before = (Customer)map.Copy(customer);
        customer.Name = "Grace";
        await DoAsync("update customers set note = 'theirs'");
        await FlushAsync(await UpdateAsync(customer, before));
        var read = await GetAsync<Customer>(customer.Id);
        Assert.Equal(("Grace", "theirs"), (read.Name, read.Note));
    }

    [Fact]
    public async Task An_equal_value_emits_no_update()
    {
        var customer = new Customer { Name = "Ada" };
        await FlushAsync(await InsertAsync(customer));
        var before = (Customer)(await MapAsync<Customer>()).Copy(customer);
        customer.Name = new string("Ada".ToCharArray());
        await FlushAsync(await UpdateAsync(customer, before));
        Assert.Empty(Texts);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Changed_rows_go_together(int count)
    {
        await DoAsync("insert into tags select 't' || i, 'old' from generate_series(1, 10) i");
        await FlushAsync(await AllAsync(Enumerable.Range(1, count)
            .Select(i => UpdateAsync(new Tag($"t{i}", $"new{i}"), new Tag($"t{i}", "old")))));
        Assert.Single(Texts);
        Assert.Equal("new1", await OnlyAsync<string>("select label from tags where code = 't1'"));
        Assert.Equal(count, (int)await OnlyAsync<long>("select count(*) from tags where label like 'new%'"));
    }

    [Fact]
    public async Task Updates_that_miss_rows_name_every_one_and_have_no_effect()
    {
        await DoAsync("insert into tags select 't' || i, 'old' from generate_series(1, 3) i");
        var stale = await FailureOfAsync<StaleRows>(await AllAsync(Enumerable.Range(1, 5)
            .Select(i => UpdateAsync(new Tag($"t{i}", "new"), new Tag($"t{i}", "old")))));
        Assert.Equal<string>(["t4", "t5"], stale.Keys);
        Assert.Equal("Tag", stale.Entity);
        Assert.Equal(0L, await OnlyAsync<long>("select count(*) from tags where label = 'new'"));
        Assert.Equal<string>(["t9"], (await FailureOfAsync<StaleRows>(await UpdateAsync(new Tag("t9", "new"), new Tag("t9", "old")))).Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Deleted_rows_go_together(int count)
    {
        await DoAsync("insert into tags select 't' || i, 'old' from generate_series(1, 3) i");
        Assert.Empty(
            (await FlushAsync(await AllAsync(Enumerable.Range(1, count).Select(i => DeleteAsync(new Tag($"t{i}", "old")))))).Warnings);
        Assert.Single(Texts);
        Assert.Equal(3 - count, (int)await OnlyAsync<long>("select count(*) from tags"));
    }

    [Fact]
    public async Task Too_few_rows_deleted_is_a_warning()
    {
        await DoAsync("insert into tags values ('t1', '')");
        var warning = Assert
            .Single((await FlushAsync(await DeleteAsync(new Tag("t1", "")), await DeleteAsync(new Tag("t2", "")))).Warnings);
        Assert.Equal(("Tag", 2, 1L), (warning.Entity, warning.Wanted, warning.Deleted));
        Assert.Single((await FlushAsync(await DeleteAsync(new Tag("t1", "")))).Warnings);
    }

    [Fact]
    public async Task Delete_and_insert_of_one_key_is_one_update()
    {
        await DoAsync("insert into tags values ('t1', 'old'), ('t2', 'old')");
        await FlushAsync(await DeleteAsync(new Tag("t1", "old")), await InsertAsync(new Tag("t1", "new")));
        Assert.StartsWith("WITH w0 AS (UPDATE", Assert.Single(Texts), StringComparison.Ordinal);
        Assert.Equal("new", (await GetAsync<Tag>("t1")).Label);
    }

    [Theory]
    [InlineData(999, false)]
    [InlineData(1000, true)]
    public async Task Many_rows_that_want_nothing_back_are_copied(int count, bool copied)
    {
        await FlushAsync(await AllAsync(Enumerable.Range(1, count)
            .Select(i => InsertAsync(new Tag($"t{i}", i % 2 == 0 ? null : $"l{i}")))));
        Assert.Equal(copied, Assert.Single(Texts).StartsWith("COPY", StringComparison.Ordinal));
        Assert.Equal((long)count, await OnlyAsync<long>("select count(*) from tags"));
        Assert.Equal("l7", (await GetAsync<Tag>("t7")).Label);
        Assert.Null((await GetAsync<Tag>("t8")).Label);
    }

    [Fact]
    public async Task Steps_name_their_table()
    {
        var plan = Client.Flushing.FlushPlanner.Plan([await InsertAsync(new Tag("a", ""))]);
        Assert.Equal("public.tags", Assert.IsType<StatementStep>(Assert.Single(plan.Steps)).Table);
    }

    [Fact]
    public async Task Two_changes_of_one_row_are_refused()
    {
        Assert.Equal("t1",
            (await FailureOfAsync<EntityRefused>(await DeleteAsync(new Tag("t1", "")),
                await UpdateAsync(new Tag("t1", "a"), new Tag("t1", "")))).Key);
        Assert.Equal("t1",
            (await FailureOfAsync<EntityRefused>(await DeleteAsync(new Tag("t1", "")), await DeleteAsync(new Tag("t1", "")),
                await InsertAsync(new Tag("t1", "a")))).Key);
        Assert.Equal("t1",
            (await FailureOfAsync<EntityRefused>(await InsertAsync(new Tag("t1", "")), await InsertAsync(new Tag("t1", "a")))).Key);
    }
}
