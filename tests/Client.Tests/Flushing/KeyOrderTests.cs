using System.ComponentModel.DataAnnotations;
using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Tests.Entities;

namespace Broker.Client.Tests.Flushing;

/// <summary>In which order a flush changes rows that are there.</summary>
public sealed class KeyOrderTests
{
    public sealed record Row(int Id, string Text);

    public sealed record Word([property: Key] string Text, [property: Key] int Number, int Weight);

    [Fact]
    public void Rows_that_are_updated_go_in_the_order_of_their_keys_and_new_ones_in_that_of_adding()
    {
        var map = Rows();
        Row[] rows = [new(3, "c"), new(1, "a"), new(2, "b")];

        Assert.Equal<int>([1, 2, 3], Sent<int>([.. rows.Select(row => EntityChange.Update(map, row, row with { Text = "" }))], 0));
        Assert.Equal<int>([3, 1, 2], Sent<int>([.. rows.Select(row => EntityChange.Insert(map, row))], 0));
    }

    [Fact]
    public void Rows_that_are_deleted_go_in_the_order_of_their_keys()
    {
        var map = Rows();
        Row[] rows = [new(3, "c"), new(-1, "a"), new(2, "b")];

        Assert.Equal<int>([-1, 2, 3], Sent<int>([.. rows.Select(row => EntityChange.Delete(map, row))], 0));
    }

    [Fact]
    public void A_row_whose_key_changes_stands_where_its_old_key_does()
    {
        var map = Rows();
        var changes = new (int From, int To)[] { (3, 10), (1, 12), (2, 11) }
            .Select(move => EntityChange.Update(map, new Row(move.To, "x"), new Row(move.From, "x")));

        EntityChange[] all = [.. changes];

        Assert.Equal<int>([1, 2, 3], Sent<int>(all, 0));
        Assert.Equal<int>([12, 11, 10], Sent<int>(all, 1));
    }

    [Fact]
    public void Texts_are_ordered_by_their_characters_in_every_culture_and_columns_one_after_the_other()
    {
        var map = EntityBinding.Bind(EntityType.Of(typeof(Word)),
            Tables.Of("word", Tables.Text("text"), Tables.Integer("number"), Tables.Integer("weight")));
        Word[] words = [new("a", 2, 1), new("ä", 1, 1), new("B", 1, 1), new("a", 1, 1)];

        EntityChange[] changes = [.. words.Select(word => EntityChange.Update(map, word, word with { Weight = 0 }))];

        Assert.Equal<string>(["B", "a", "a", "ä"], Sent<string>(changes, 0));
        Assert.Equal<int>([1, 1, 2, 1], Sent<int>(changes, 1));
    }

    private static EntityMap Rows() =>
        EntityBinding.Bind(EntityType.Of(typeof(Row)), Tables.Of("row", Tables.Integer("id"), Tables.Text("text")));

    private static T[] Sent<T>(EntityChange[] changes, int parameter) =>
        ((Parameter<T[]>)((StatementStep)FlushPlanner.Plan(changes).Steps.Single()).Statement.Parameters[parameter]).Value;
}
