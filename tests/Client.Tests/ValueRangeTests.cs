namespace Broker.Client.Tests;

public sealed class ValueRangeTests
{
    [Fact]
    public void It_is_written_as_PostgreSQL_writes_it()
    {
        Assert.Equal("[1,5)", new ValueRange<int>(1, 5).ToString());
        Assert.Equal("(,5]", new ValueRange<int>(null, 5, upperInclusive: true).ToString());
        Assert.Equal("empty", ValueRange.Empty<int>().ToString());
        Assert.Equal("[\"2024-01-02 03:04:05Z\",)",
            new ValueRange<DateTime>(new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc), null).ToString());
    }

    [Fact]
    public void It_is_read_from_what_PostgreSQL_writes()
    {
        Assert.Equal(new ValueRange<long>(1, 5, lowerInclusive: false, upperInclusive: true), ValueRange.Parse<long>("(1,5]"));
        Assert.Equal(new ValueRange<decimal>(1.5m, null), ValueRange.Parse<decimal>("[1.5,)"));
        Assert.Equal(new ValueRange<DateOnly>(new(2024, 1, 1), null), ValueRange.Parse<DateOnly>("[2024-01-01,infinity)"));
        Assert.True(ValueRange.Parse<int>("empty").IsEmpty);
        var local = ValueRange.Parse<DateTime>("[\"2024-01-02 03:04:05\",\"2024-01-02 05:04:05+02\")");
        Assert.Equal(DateTimeKind.Unspecified, local.Lower!.Value.Kind);
        Assert.Equal(new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc), local.Upper);
        Assert.Equal(DateTimeKind.Utc, local.Upper!.Value.Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1")]
    [InlineData("1,2")]
    [InlineData("[a,b)")]
    public void What_is_no_range_is_refused(string text) => Assert.Throws<FormatException>(() => ValueRange.Parse<int>(text));
}
