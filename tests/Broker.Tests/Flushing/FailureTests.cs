using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Flushing;

/// <summary>What the server refuses is told in the words of the entities: type, property and key.</summary>
public sealed class FailureTests : FlushStage
{
    protected override string Schema => """
        create type mood as enum ('ok');
        create table items (id int primary key, code text unique, name text not null default 'n', amount numeric(5,2), parent int references items, stock int check (stock >= 0), mood mood);
        insert into items (id, code) values (1, 'taken');
        create table keyless (name text);
        create table things (id int);
        create table thing (id int);
        """;

    public sealed record Item(int Id, string? Code = null, string? Name = "x", decimal? Amount = null, int? Parent = null,
        int? Stock = null, string? Mood = null);

    public sealed record Keyless(string Name);

    public sealed record Thing(int Id);

    public sealed record Missing(int Id);

    [System.ComponentModel.DataAnnotations.Schema.Table("items")]
    public sealed record Strange(int Id, string Colour);

    [System.ComponentModel.DataAnnotations.Schema.Table("items")]
    public sealed record Wrong(int Id, DateTime Code);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_duplicate_names_the_row(bool many)
    {
        var key = await FailureOfAsync<DuplicateKey>(await WithAsync(many, new Item(1)));
        Assert.Equal(("Item", "Id", "1"), (key.Entity, key.Property, key.Key));
        var code = await FailureOfAsync<DuplicateKey>(await WithAsync(many, new Item(2, "taken")));
        Assert.Equal(("Item", "Code", "2"), (code.Entity, code.Property, code.Key));
        Assert.Contains("items_code_key", code.Constraint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_foreign_key_that_points_nowhere_names_the_row(bool many)
    {
        var failure = await FailureOfAsync<ForeignKeyViolated>(await WithAsync(many, new Item(2, Parent: 99)));
        Assert.Equal(("Item", "Parent", "2"), (failure.Entity, failure.Property, failure.Key));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_null_names_the_row(bool many)
    {
        // a null is no value that was set, so that the default would be taken
        var item = new Item(1, "taken", null);
        var refused = await FailureOfAsync<NullRefused>(many
            ? [await UpdateAsync(item, item with { Name = "n" }), await UpdateAsync(new Item(2, null, null), new Item(2))]
            : [await UpdateAsync(item, item with { Name = "n" })]);
        Assert.Equal(("Item", "Name", "1"), (refused.Entity, refused.Property, refused.Key));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_number_too_large_names_the_row(bool many)
    {
        var failure = await FailureOfAsync<ValueOutOfRange>(await WithAsync(many, new Item(2, Amount: 999.995m)));
        Assert.Equal(("Item", "Amount", "2"), (failure.Entity, failure.Property, failure.Key));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_value_that_is_none_of_its_type_names_the_row(bool many)
    {
        var failure = await FailureOfAsync<ValueOutOfRange>(await WithAsync(many, new Item(2, Mood: "glum")));
        Assert.Equal(("Item", "Mood", "2"), (failure.Entity, failure.Property, failure.Key));
    }

    [Fact]
    public async Task A_check_names_the_type_and_the_row_when_it_is_the_only_one()
    {
        var failure = await FailureOfAsync<CheckViolated>(await InsertAsync(new Item(2, Stock: -1)));
        Assert.Equal(("Item", "2"), (failure.Entity, failure.Key));
        Assert.Contains("items_stock_check", failure.Constraint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Types_that_cannot_be_entities_are_refused_by_name()
    {
        Assert.Contains("no key", (await RefusalOfAsync<Keyless>()).Reason, StringComparison.Ordinal);
        Assert.Contains("public.thing or public.things", (await RefusalOfAsync<Thing>()).Reason, StringComparison.Ordinal);
        Assert.Contains("no table missing or missings", (await RefusalOfAsync<Missing>()).Reason, StringComparison.Ordinal);
        Assert.Equal("Colour", (await RefusalOfAsync<Strange>()).Property);
        var wrong = await RefusalOfAsync<Wrong>();
        Assert.Equal("Code", wrong.Property);
        Assert.Contains("does not fit", wrong.Reason, StringComparison.Ordinal);
        Assert.Contains("made", (await RefusalOfAsync<IDisposable>()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_another_type_or_length_is_refused()
    {
        var map = await MapAsync<Item>();
        Assert.Equal("Id", Assert.IsType<EntityRefused>(Assert.Throws<Client.BrokerException>(() => map.KeyFrom("x")).Failure).Property);
        Assert.IsType<EntityRefused>(Assert.Throws<Client.BrokerException>(() => map.KeyFrom(1, 2)).Failure);
        Assert.IsType<EntityRefused>(Assert.Throws<Client.BrokerException>(() => map.KeyFrom([null])).Failure);
        Assert.Equal(map.KeyOf(new Item(3)), map.KeyFrom(3L));
    }

    private async Task<EntityRefused> RefusalOfAsync<T>() =>
        Assert.IsType<EntityRefused>((await Assert.ThrowsAsync<Client.BrokerException>(MapAsync<T>)).Failure);

    private async Task<Client.Flushing.EntityChange[]> WithAsync(bool many, Item bad) =>
        many ? [await InsertAsync(new Item(50)), await InsertAsync(bad), await InsertAsync(new Item(51))] : [await InsertAsync(bad)];
}
