using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Tests.Entities;

/// <summary>What a type says of its table, without any server.</summary>
public sealed class EntityMapTests
{
    public sealed class Line
    {
        [Key, Column(Order = 2)]
        public int Number { get; set; }

        [Key, Column("order_no", Order = 1)]
        public int Order { get; set; }

        public string? Text { get; set; }

        [NotMapped]
        public string? Shown { get; set; }

        public string Both => Text + Shown;
    }

    public sealed record Fixed(int Id, string Text);

    public sealed class GetOnly
    {
        public int Id { get; }

        public string? Text { get; init; }
    }

    public sealed class ByTypeName
    {
        public int ByTypeNameId { get; set; }

        public string? Text { get; set; }
    }

    public sealed class ByTable
    {
        public int Code { get; set; }

        public string? Text { get; set; }
    }

    private static readonly TableFacts Lines = Tables.Of("lines", Tables.Integer("order_no"), Tables.Integer("number"),
        Tables.Text("text"));

    [Fact]
    public void A_composite_key_has_the_order_that_its_columns_say()
    {
        var map = EntityBinding.Bind(EntityType.Of(typeof(Line)), Lines);
        Assert.Equal(["order_no", "number"], map.Key.Select(column => column.Facts.Name));
        Assert.Equal(map.KeyFrom(7, 1), map.KeyOf(new Line { Order = 7, Number = 1 }));
        Assert.NotEqual(map.KeyFrom(1, 7), map.KeyOf(new Line { Order = 7, Number = 1 }));
        Assert.Equal("(7, 1)", map.KeyFrom(7, 1).ToString());
    }

    [Fact]
    public void What_is_not_mapped_or_cannot_be_set_is_no_column() =>
        Assert.Equal(["Number", "Order", "Text"], EntityType.Of(typeof(Line)).Properties.Select(property => property.Name));

    [Fact]
    public void A_key_is_found_by_the_types_name_or_the_tables_primary_key()
    {
        Assert.Equal("ByTypeNameId",
            Assert.Single(EntityBinding.Bind(EntityType.Of(typeof(ByTypeName)),
                Tables.Of("t", Tables.Text("text"), Tables.Integer("by_type_name_id"))).Key).Property.Name);
        Assert.Equal("Code",
            Assert.Single(EntityBinding.Bind(EntityType.Of(typeof(ByTable)),
                Tables.Of("t", Tables.Integer("code"), Tables.Text("text"))).Key).Property.Name);
    }

    [Fact]
    public void A_record_that_nobody_can_change_needs_no_snapshot()
    {
        var facts = Tables.Of("t", Tables.Integer("id"), Tables.Text("text"));
        Assert.True(EntityBinding.Bind(EntityType.Of(typeof(Fixed)), facts).IsImmutable);
        Assert.True(EntityBinding.Bind(EntityType.Of(typeof(GetOnly)), facts).IsImmutable);
        Assert.False(EntityBinding.Bind(EntityType.Of(typeof(Line)), Lines).IsImmutable);
    }

    [Fact]
    public void Init_only_and_get_only_properties_are_filled()
    {
        var map = EntityBinding.Bind(EntityType.Of(typeof(GetOnly)), Tables.Of("t", Tables.Integer("id"), Tables.Text("text")));
        var fixedMap = EntityBinding.Bind(EntityType.Of(typeof(Fixed)), Tables.Of("t", Tables.Integer("id"), Tables.Text("text")));
        var (target, source) = (new Fixed(1, "a"), new Fixed(2, "b"));
        fixedMap.Overwrite(target, source);
        Assert.Equal(source, target);
        var read = new GetOnly();
        map.Columns[0].Advance(read, read);
        Assert.Equal(1, read.Id);
    }

    [Fact]
    public void A_copy_differs_in_what_was_changed_since()
    {
        var map = EntityBinding.Bind(EntityType.Of(typeof(Line)), Lines);
        var line = new Line { Order = 1, Number = 1, Text = "a", Shown = "x" };
        var copy = map.Copy(line);
        (line.Text, line.Shown) = ("b", "y");
        Assert.Equal("Text", Assert.Single(map.ChangedColumns(line, copy).Of(map)).Property.Name);
    }

    [Fact]
    public void A_key_that_the_server_gives_is_unset_until_it_is_given()
    {
        var map = EntityBinding.Bind(EntityType.Of(typeof(Fixed)),
            Tables.Of("t", Tables.Integer("id", "nextval('s')"), Tables.Text("text")));
        Assert.True(map.IsKeyUnset(new Fixed(0, "")));
        Assert.False(map.IsKeyUnset(new Fixed(3, "")));
        Assert.Null(map.ShowKey(new Fixed(0, "")));
        Assert.False(EntityBinding.Bind(EntityType.Of(typeof(Fixed)), Tables.Of("t", Tables.Integer("id"), Tables.Text("text")))
            .IsKeyUnset(new Fixed(0, "")));
    }

    [Fact]
    public void A_key_of_bytes_is_refused()
    {
        var refused = Assert.IsType<EntityRefused>(Assert.Throws<BrokerException>(() =>
            EntityBinding.Bind(EntityType.Of(typeof(BytesKey)), Tables.Of("t", new ColumnFacts("id", "bytea", "bytea")))).Failure);
        Assert.Equal("Id", refused.Property);
    }

    public sealed record BytesKey(byte[] Id);
}
