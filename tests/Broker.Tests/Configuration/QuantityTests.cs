using Broker.Configuration;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("100us", 0.1)]
    [InlineData("500ms", 500)]
    [InlineData("1.5s", 1500)]
    [InlineData("30 seconds", 30_000)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("0s", 0)]
    public void A_time_is_a_number_and_its_unit(string text, double milliseconds)
    {
        Assert.True(Quantity.TryTime(text, out var time));
        Assert.Equal(TimeSpan.FromMicroseconds(milliseconds * 1000), time);
    }

    [Theory]
    [InlineData("64KiB", 65536)]
    [InlineData("1kB", 1000)]
    [InlineData("3 MiB", 3 * 1024 * 1024)]
    [InlineData("1G", 1024 * 1024 * 1024)]
    [InlineData("7B", 7)]
    public void A_size_is_a_number_and_its_unit(string text, long bytes)
    {
        Assert.True(Quantity.TryBytes(text, out var size));
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 parsecs")]
    [InlineData("1e3s")]
    [InlineData("99999999999999999999d")]
    [InlineData("1.2.3s")]
    public void Anything_else_is_neither(string text)
    {
        Assert.False(Quantity.TryTime(text, out _));
        Assert.False(Quantity.TryBytes(text, out _));
    }

    [Property]
    public void Whole_milliseconds_keep_their_value(int milliseconds)
    {
        var expected = Math.Abs((long)milliseconds);
        Assert.True(Quantity.TryTime($"{expected}ms", out var time));
        Assert.Equal(expected, time.TotalMilliseconds);
    }

    [Property]
    public void The_distance_of_two_words_is_zero_only_for_equals_and_the_same_both_ways(string? one, string? other)
    {
        var (a, b) = (one ?? "", other ?? "");
        Assert.Equal(a == b, EditDistance.Between(a, b) == 0);
        Assert.Equal(EditDistance.Between(a, b), EditDistance.Between(b, a));
        Assert.InRange(EditDistance.Between(a, b), Math.Abs(a.Length - b.Length), Math.Max(a.Length, b.Length));
    }

    [Theory]
    [InlineData("size", "size", 0)]
    [InlineData("size", "seize", 1)]
    [InlineData("idle", "idel", 1)]
    [InlineData("order", "rdoer", 2)]
    [InlineData("", "abc", 3)]
    public void The_distance_of_two_words_is_the_slips_between_them(string one, string other, int slips) =>
        Assert.Equal(slips, EditDistance.Between(one, other));
}
