using System.ComponentModel.DataAnnotations.Schema;
using Broker.Client;
using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Flushing;

/// <summary>Keys, defaults and computed columns that the server gives, however it gives them.</summary>
public sealed class GivenValueTests : FlushStage
{
    protected override string Schema => """
        create table vouchers (id uuid primary key default gen_random_uuid(), label text, upper text generated always as (upper(label)) stored);
        create table lines (order_no int, number int generated always as identity, text text, priority int not null default 5, primary key (order_no, number));
        create table blanks (id serial primary key);
        create table triggered (id int generated always as identity primary key, name text, stamp text);
        create function stamp() returns trigger language plpgsql as $$ begin new.id := new.id + 100; new.stamp := 'by trigger'; return new; end $$;
        create trigger stamp before insert on triggered for each row execute function stamp();
        create table clients (code int primary key, name text not null, created timestamptz not null default now());
        create view client_view as select code, name from clients;
        create sequence odd start 1 increment 2;
        create table "Odd Name" ("Id" int primary key default nextval('odd'), "select" text, "with""quote" text);
        create table flags (id int primary key, active boolean default true);
        """;

    public sealed class Voucher
    {
        public Guid Id { get; set; }

        public string? Label { get; set; }

        public string? Upper { get; set; }
    }

    public sealed class Line
    {
        [System.ComponentModel.DataAnnotations.Key]
        public int OrderNo { get; set; }

        [System.ComponentModel.DataAnnotations.Key]
        public int Number { get; set; }

        public string? Text { get; set; }

        public int Priority { get; set; }
    }

    public sealed record Blank(int Id);

    [Table("triggered")]
    public sealed class Triggered
    {
        public int Id { get; set; }

        public string? Name { get; set; }

        [DatabaseGenerated(DatabaseGeneratedOption.Computed)]
        public string? Stamp { get; set; }
    }

    [Table("client_view")]
    public sealed record ClientView([property: System.ComponentModel.DataAnnotations.Key] int Code, string Name);

    [Table("clients")]
    public sealed record Buyer([property: System.ComponentModel.DataAnnotations.Key] int Code, string Name, DateTime Created);

    [Table("Odd Name")]
    public sealed record Odd([property: Column("Id")] int Id, [property: Column("select")] string? Select,
        [property: Column("with\"quote")] string? Quote);

    public sealed record Flag(int Id, bool Active);

    [Table("flags")]
    public sealed record Always(int Id, [property: DatabaseGenerated(DatabaseGeneratedOption.None)] bool Active);

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public async Task Random_keys_and_stored_columns_belong_to_their_rows(int count)
    {
        Voucher[] vouchers = [.. Enumerable.Range(0, count).Select(i => new Voucher { Label = $"v{i}" })];
        await FlushAsync(await AllAsync(vouchers.Select(InsertAsync)));
        Assert.Single(Texts);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal($"V{i}", vouchers[i].Upper);
            Assert.Equal($"v{i}", (await GetAsync<Voucher>(vouchers[i].Id)).Label);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_part_of_a_composite_key_may_be_given_by_the_server(int count)
    {
        Line[] lines = [.. Enumerable.Range(0, count).Select(i => new Line { OrderNo = 7, Text = $"l{i}" })];
        await FlushAsync(await AllAsync(lines.Select(InsertAsync)));
        Assert.Equal(Enumerable.Range(1, count), lines.Select(line => line.Number));
        Assert.All(lines, line => Assert.Equal(5, line.Priority));
        Assert.Equal($"l{count - 1}", (await GetAsync<Line>(7, count)).Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_row_may_consist_of_what_the_server_gives(int count)
    {
        Blank[] blanks = [.. Enumerable.Range(0, count).Select(_ => new Blank(0))];
        await FlushAsync(await AllAsync(blanks.Select(InsertAsync)));
        Assert.Single(Texts);
        Assert.Equal(Enumerable.Range(1, count), blanks.Select(blank => blank.Id));
    }

    [Fact]
    public async Task Where_a_trigger_may_change_new_rows_each_goes_alone_and_what_it_made_is_read()
    {
        Triggered[] rows = [new() { Name = "a" }, new() { Name = "b" }];
        await FlushAsync(await AllAsync(rows.Select(InsertAsync)));
        Assert.Equal(2, Texts.Length);
        Assert.Equal([101, 102], rows.Select(row => row.Id));
        Assert.All(rows, row => Assert.Equal("by trigger", row.Stamp));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1500)]
    public async Task Rows_go_into_a_view(int count)
    {
        await FlushAsync(await AllAsync(Enumerable.Range(1, count).Select(i => InsertAsync(new ClientView(i, $"n{i}")))));
        Assert.Equal((long)count, await OnlyAsync<long>("select count(*) from clients where created is not null"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Defaults_arrive_though_the_key_is_the_callers(int count)
    {
        Buyer[] clients = [.. Enumerable.Range(1, count).Select(i => new Buyer(i, $"n{i}", default))];
        await FlushAsync(await AllAsync(clients.Select(InsertAsync)));
        Assert.All(clients, client => Assert.NotEqual(default, client.Created));
        Assert.Equal(clients[^1], await GetAsync<Buyer>(count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Any_name_will_do(int count)
    {
        Odd[] rows = [.. Enumerable.Range(0, count).Select(i => new Odd(0, $"s{i}", "q"))];
        await FlushAsync(await AllAsync(rows.Select(InsertAsync)));
        Assert.Equal(Enumerable.Range(0, count).Select(i => (2 * i) + 1), rows.Select(row => row.Id));
        await FlushAsync(await AllAsync(rows.Select(row => UpdateAsync(row with { Quote = "new" }, row))));
        Assert.Equal("new", (await GetAsync<Odd>(rows[^1].Id)).Quote);
    }

    [Fact]
    public async Task A_property_at_its_default_is_left_to_the_server_unless_it_says_none_is_generated()
    {
        var flag = new Flag(1, false);
        await FlushAsync(await InsertAsync(flag), await InsertAsync(new Always(2, false)));
        Assert.True(flag.Active);
        Assert.False((await GetAsync<Flag>(2)).Active);
    }

    [Fact]
    public async Task Without_a_right_to_the_sequence_each_row_goes_alone()
    {
        await DoAsync("drop role if exists flush_clerk; create role flush_clerk; grant select, insert on triggered, lines to flush_clerk; set role flush_clerk");
        try
        {
            Line[] lines = [new() { OrderNo = 1, Text = "a" }, new() { OrderNo = 1, Text = "b" }];
            await FlushAsync(await AllAsync(lines.Select(InsertAsync)));
            Assert.Equal(2, Texts.Length);
            Assert.Equal([1, 2], lines.Select(line => line.Number));
        }
        finally
        {
            await DoAsync("reset role; drop owned by flush_clerk; drop role flush_clerk");
        }
    }

    [Fact]
    public async Task What_was_learned_is_forgotten_when_the_table_has_changed()
    {
        await FlushAsync(await InsertAsync(new Flag(5, true)));
        await DoAsync("alter table flags rename column active to enabled");
        var failure = await FailureOfAsync<StatementFailed>(await InsertAsync(new Flag(6, true)));
        Assert.True(EntityCatalogue.IsOutdatedBy(failure));
        Catalogue.Forget();
        Assert.Equal("Active", Assert.IsType<EntityRefused>((await Assert.ThrowsAsync<BrokerException>(MapAsync<Flag>)).Failure).Property);
    }
}
