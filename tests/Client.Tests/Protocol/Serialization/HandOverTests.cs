using Broker.Client.Protocol.Serialization;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>What a writer hands over is the taker's: what is written afterwards does not show in it, and no room for it is kept.</summary>
public sealed class HandOverTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(3_000_000)]
    public void What_is_handed_over_is_not_changed_by_what_is_written_next(int size)
    {
        var written = new byte[size];
        new Random(size).NextBytes(written);
        using var writer = new MessageWriter();
        writer.WriteBytes(written);

        var handed = writer.HandOver();
        writer.WriteBytes(new byte[size]);

        Assert.True(handed.Span.EndsWith(written));
        Assert.True(writer.HandOver().Span.EndsWith(new byte[size]));
        Assert.Equal(0, writer.Length);
    }

    [Fact]
    public void A_writer_of_something_large_keeps_no_room_for_it()
    {
        using var writer = new MessageWriter();
        writer.WriteBytes(new byte[3_000_000]);

        var large = Weak(writer);
        GC.Collect();

        Assert.False(large.IsAlive);
    }

    private static WeakReference Weak(MessageWriter writer)
    {
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(writer.HandOver(), out var array));
        return new(array.Array);
    }
}
