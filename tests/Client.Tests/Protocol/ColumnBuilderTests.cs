using Broker.Client.Protocol.Values;
using FsCheck.Xunit;

namespace Broker.Client.Tests.Protocol;

public sealed class ColumnBuilderTests
{
    private static readonly ColumnDescription Number = new("n", "integer", 23);

    [Property]
    public bool A_column_holds_what_was_appended_at_any_capacity(int?[] values, byte capacity)
    {
        var builder = new ColumnBuilder<int>(Number, capacity);
        return Same(Fill(builder, values), values);
    }

    [Property]
    public bool A_builder_used_again_knows_nothing_of_its_last_column_and_leaves_it_as_it_was(int?[] first, int?[] second)
    {
        var builder = new ColumnBuilder<int>(Number);
        var (one, other) = (Fill(builder, first), Fill(builder, second));
        return Same(one, first) && Same(other, second) && builder.Count == 0;
    }

    [Fact]
    public void A_column_of_one_row_is_one_object()
    {
        var builder = new ColumnBuilder<int>(Number);
        Column? built = null;
        long each = long.MaxValue;
        for (var i = 0; i < 100; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            builder.Append(i);
            built = builder.Build();
            each = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(99, built!.GetValue(0));
        Assert.InRange(each, 1, 56);
    }

    [Fact]
    public void What_was_cleared_is_forgotten()
    {
        var builder = new ColumnBuilder<string>(new("s", "text", 25));
        builder.Append("a");
        builder.AppendNull();
        builder.Clear();
        builder.Append("b");
        var column = builder.Build();
        Assert.Equal((1, "b"), (column.Count, column.GetValue(0)));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_row_that_is_not_there_is_out_of_range(int row)
    {
        var column = new Column<int>(Number, 5);
        Assert.Throws<ArgumentOutOfRangeException>(() => column[row]);
        Assert.Throws<ArgumentOutOfRangeException>(() => column.IsNull(row));
    }

    [Fact]
    public void Rows_beyond_the_count_are_out_of_range_although_the_array_has_room() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Column<int>(Number, new int[8], null, 2)[2]);

    private static Column Fill(ColumnBuilder<int> builder, int?[] values)
    {
        foreach (var value in values)
        {
            if (value is { } some)
                builder.Append(some);
            else
                builder.AppendNull();
        }

        return builder.Build();
    }

    private static bool Same(Column column, int?[] values) =>
        column.Count == values.Length
            && Enumerable.Range(0, values.Length)
                .All(row => Equals(column.GetValue(row), values[row]) && column.IsNull(row) == values[row] is null);
}
