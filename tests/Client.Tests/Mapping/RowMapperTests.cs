using System.ComponentModel.DataAnnotations.Schema;
using System.Text.Json;
using Broker.Client.Mapping;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using FsCheck;
using FsCheck.Xunit;

namespace Broker.Client.Tests.Mapping;

public sealed class RowMapperTests
{
    private static readonly DateTime Moment = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public sealed record Account(int AccountId, string Owner, decimal? Balance);

    public sealed record Defaulted(int Id, string Kind = "plain", int? Level = 3);

    public sealed record Renamed([property: Column("aid")] int Id);

    public sealed class Settable
    {
        public int Id { get; set; }
        public string? Note { get; init; }
        [Column("really_called")]
        public long Renamed { get; set; }
        public int Untouched { get; set; } = 7;
        public int ReadOnly { get; } = 8;
    }

    public sealed class Required
    {
        public required int Id { get; init; }
        public required string Name { get; init; }
    }

    public sealed class Mixed(int id)
    {
        public int Id { get; } = id;
        public string Name { get; set; } = "unset";
    }

    public readonly record struct Pair(int A, int B);

    public struct Plain
    {
        public int A { get; set; }
        public int B { get; set; }
    }

    [Property]
    public bool Numbers_are_read_in_order_without_change(int[] values) => Read<int>(Column("a", "integer", values)).SequenceEqual(values);

    [Property]
    public bool Nullable_numbers_keep_their_nulls(int?[] values) => Read<int?>(Nullable("a", "integer", values)).SequenceEqual(values);

    [Property]
    public bool Wider_numbers_hold_the_same_value(int[] values, short[] small, float[] floats) =>
        Read<long>(Column("a", "integer", values)).SequenceEqual(values.Select(value => (long)value))
        && Read<decimal>(Column("a", "integer", values)).SequenceEqual(values.Select(value => (decimal)value))
        && Read<double>(Column("a", "integer", values)).SequenceEqual(values.Select(value => (double)value))
        && Read<int>(Column("a", "smallint", small)).SequenceEqual(small.Select(value => (int)value))
        && Read<long?>(Column("a", "smallint", small)).SequenceEqual(small.Select(value => (long?)value))
        && Read<double>(Column("a", "real", floats)).SequenceEqual(floats.Select(value => (double)value));

    [Property]
    public bool Records_are_filled_by_name_in_any_order_of_columns(int[] ids, bool reversed)
    {
        Column[] columns = [Column("account_id", "integer", ids), Column("OWNER", "text", [.. ids.Select(id => $"o{id}")]),
            Nullable("balance", "numeric", [.. ids.Select(id => id % 2 == 0 ? (decimal?)id : null)])];
        if (reversed)
            Array.Reverse(columns);
        return Read<Account>(columns).SequenceEqual(ids.Select(id => new Account(id, $"o{id}", id % 2 == 0 ? id : null)));
    }

    [Fact]
    public void A_narrower_number_is_a_mismatch_that_names_column_and_both_types() =>
        Assert.Equal("column \"a\" (bigint) is Int64 and cannot be read as Int32", Mismatch<int>(Column("a", "bigint", 1L)));

    [Fact]
    public void A_number_is_not_read_from_text_nor_text_from_a_number()
    {
        Assert.Contains("\"a\" (text)", Mismatch<int>(Column("a", "text", "1")), StringComparison.Ordinal);
        Assert.Contains("\"a\" (integer)", Mismatch<string>(Column("a", "integer", 1)), StringComparison.Ordinal);
        Assert.Contains("cannot be read as Single", Mismatch<float>(Column("a", "integer", 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void NULL_where_a_value_is_needed_is_a_mismatch_that_names_column_and_row()
    {
        Assert.Equal("column \"a\" (integer) is NULL in row 2 and cannot be read as Int32",
            Mismatch<int>(Nullable<int>("a", "integer", 1, null)));
        Assert.Contains("\"owner\" (text) is NULL in row 1", Mismatch<Account>(
            Column("account_id", "integer", 1), new Column<string>(new("owner", "text", 0), [null!], [true], 1),
                Column("balance", "numeric", 1m)), StringComparison.Ordinal);
    }

    [Fact]
    public void NULL_is_null_where_that_is_allowed()
    {
        Assert.Null(Assert.Single(Read<string?>(new Column<string>(new("a", "text", 0), [null!], [true], 1))));
        var note = new Column<string>(new("note", "text", 0), [null!], [true], 1);
        Assert.Null(Read<Settable>(Column("id", "integer", 1), note)[0].Note);
    }

    [Fact]
    public void A_missing_column_for_a_constructor_is_a_mismatch_that_names_it()
    {
        var reason = Mismatch<Account>(Column("account_id", "integer", 1), Column("ownr", "text", "x"), Column("balance", "numeric", 1m));
        Assert.Equal("no column for \"Owner\" of Account; the statement answered \"account_id\", \"ownr\", \"balance\"", reason);
    }

    [Fact]
    public void A_missing_column_with_a_default_takes_the_default() =>
        Assert.Equal([new Defaulted(4)], Read<Defaulted>(Column("id", "integer", 4), Column("other", "text", "ignored")));

    [Fact]
    public void A_missing_column_for_a_required_property_is_a_mismatch() =>
        Assert.Contains("\"Name\" of Required", Mismatch<Required>(Column("id", "integer", 1)), StringComparison.Ordinal);

    [Fact]
    public void A_column_attribute_decides_the_name()
    {
        Assert.Equal([new Renamed(5)], Read<Renamed>(Column("aid", "integer", 5)));
        Assert.Contains("\"Id\"", Mismatch<Renamed>(Column("id", "integer", 5), Column("b", "integer", 5)), StringComparison.Ordinal);
        var read = Read<Settable>(Column("id", "integer", 1), Column("really_called", "integer", 6))[0];
        Assert.Equal((1, 6L, 7, 8), (read.Id, read.Renamed, read.Untouched, read.ReadOnly));
    }

    [Fact]
    public void What_the_constructor_does_not_take_is_set()
    {
        var read = Read<Mixed>(Column("name", "text", "n"), Column("id", "integer", 3))[0];
        Assert.Equal((3, "n"), (read.Id, read.Name));
    }

    [Fact]
    public void A_struct_without_constructors_is_set()
    {
        var read = Read<Plain>(Column("b", "integer", 2), Column("a", "integer", 1))[0];
        Assert.Equal((1, 2), (read.A, read.B));
    }

    [Fact]
    public void A_record_struct_needs_all_its_columns()
    {
        Assert.Equal([new Pair(1, 2)], Read<Pair>(Column("b", "integer", 2), Column("a", "integer", 1)));
        Assert.Contains("\"B\" of Pair", Mismatch<Pair>(Column("a", "integer", 1), Column("c", "integer", 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void No_column_that_fits_is_a_mismatch() =>
        Assert.Equal("none of the columns (\"x\", \"y\") names a member of Settable",
            Mismatch<Settable>(Column("x", "integer", 1), Column("y", "integer", 1)));

    [Fact]
    public void Tuples_take_columns_by_position()
    {
        Assert.Equal([(1, "a", 5m)],
            Read<(int Id, string Name, decimal? Price)>(Column("x", "integer", 1), Column("x", "text", "a"), Column("x", "numeric", 5m)));
        Assert.Equal("ValueTuple<Int32, Int32> is read from 2 columns, the statement answered 1",
            Mismatch<(int, int)>(Column("a", "integer", 1)));
    }

    [Fact]
    public void A_tuple_of_more_than_seven_takes_them_all()
    {
        Column[] columns = [.. Enumerable.Range(1, 9).Select(i => Column("c", "integer", i))];
        Assert.Equal([(1, 2, 3, 4, 5, 6, 7, 8, 9)], Read<(int, int, int, int, int, int, int, int, long)>(columns));
    }

    [Fact]
    public void A_scalar_of_several_columns_is_a_mismatch() =>
        Assert.Equal("Int32 is read from one column, the statement answered 2",
            Mismatch<int>(Column("a", "integer", 1), Column("b", "integer", 1)));

    [Fact]
    public void Arrays_are_read_as_arrays_and_as_lists()
    {
        Assert.Equal([1, 2], Read<int[]>(Column<int[]>("a", "integer[]", [1, 2]))[0]);
        Assert.Equal([1, 2], Read<IReadOnlyList<int>>(Column<int[]>("a", "integer[]", [1, 2]))[0]);
    }

    [Fact]
    public void A_moment_is_read_as_an_offset_only_when_it_has_a_zone()
    {
        Assert.Equal(new DateTimeOffset(Moment, TimeSpan.Zero), Read<DateTimeOffset>(Column("a", "timestamp with time zone", Moment))[0]);
        Mismatch<DateTimeOffset>(Column("a", "timestamp without time zone", DateTime.SpecifyKind(Moment, DateTimeKind.Unspecified)));
    }

    [Fact]
    public void JSON_text_is_read_as_an_element() =>
        Assert.Equal(1, Read<JsonElement>(Column("a", "jsonb", """{"x":1}"""))[0].GetProperty("x").GetInt32());

    [Fact]
    public void A_value_of_any_type_is_an_object() => Assert.Equal([1, null], Read<object?>(Nullable<int>("a", "integer", 1, null)));

    [Fact]
    public void Each_shape_has_its_own_reader_and_the_same_shape_the_same()
    {
        RowSet One(Column column) => new([column], 1);
        var narrow = RowMapper<long>.For(One(Column("a", "integer", 1)));
        var wide = RowMapper<long>.For(One(Column("a", "bigint", 1L)));
        Assert.NotSame(narrow, wide);
        Assert.Same(narrow, RowMapper<long>.For(One(Column("a", "integer", 2))));
    }

    [Fact]
    public void A_scalar_row_is_read_without_an_allocation()
    {
        var rows = new RowSet([Column("a", "integer", 1)], 1);
        long each = long.MaxValue;
        for (var i = 0; i < 100; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = RowMapper<int>.For(rows)(rows, 0);
            each = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, each);
    }

    private static T[] Read<T>(params Column[] columns)
    {
        var rows = new RowSet([.. columns], columns[0].Count);
        var read = RowMapper<T>.For(rows);
        return [.. Enumerable.Range(0, rows.Count).Select(row => read(rows, row))];
    }

    private static string Mismatch<T>(params Column[] columns) =>
        Assert.IsType<ResultMismatch>(Assert.Throws<BrokerException>(() => Read<T>(columns)).Failure).Reason;

    private static Column<T> Column<T>(string name, string type, params T[] values) where T : notnull =>
        new(new ColumnDescription(name, type, 0), values, null, values.Length);

    private static Column<T> Nullable<T>(string name, string type, params T?[] values) where T : struct =>
        new(new ColumnDescription(name, type, 0), [.. values.Select(value => value.GetValueOrDefault())],
            [.. values.Select(value => value is null)], values.Length);
}
