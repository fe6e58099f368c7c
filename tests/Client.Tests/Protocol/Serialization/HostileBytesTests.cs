using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>Whatever the bytes are, they are a message or one kind of exception, and cost little more memory than they are long.</summary>
public sealed class HostileBytesTests
{
    // A NULL is a bit, and at most 24 bytes as a nullable decimal; a byte may be a record of a few fields.
    private const int MostBytesForOne = 256;
    private const int Overhead = 16_384;

    private readonly MessageCodec _codec = new(new NumberedReferences());

    [Fact]
    public void Random_bytes_are_malformed_or_a_message()
    {
        var random = new Random(1);
        var manifests = MessageTable.Messages.Members;
        for (var i = 0; i < 100_000; i++)
        {
            using var writer = new MessageWriter();
            var body = AnyValue.Bytes(random, random.Next(60));
            // Bytes of no message at all are refused at the first; of most interest are those behind a manifest.
            if (i % 4 != 0)
            {
                Manifest.Write(writer, manifests[random.Next(manifests.Length)].Key);
                writer.WriteVar((uint)body.Length);
            }

            writer.WriteBytes(body);
            TryRead(writer.Written);
        }
    }

    [Fact]
    public void A_message_that_is_cut_off_is_malformed()
    {
        foreach (var bytes in ValidMessages(seeds: 300))
        {
            for (var length = 0; length < bytes.Length; length += 1 + (bytes.Length / 50))
                Assert.Throws<MalformedMessageException>(() => Read(bytes.AsMemory(0, length)));
        }
    }

    [Fact]
    public void A_message_of_which_bits_are_changed_is_malformed_or_another_message()
    {
        var random = new Random(2);
        var refused = 0;
        foreach (var bytes in ValidMessages(seeds: 2000))
        {
            for (var i = 0; i < 30; i++)
            {
                var changed = bytes.ToArray();
                for (var flips = random.Next(1, 4); flips > 0; flips--)
                    changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
                refused += TryRead(changed) ? 0 : 1;
            }
        }

        Assert.True(refused > 10_000, $"only {refused} were refused");
    }

    [Fact]
    public void A_count_that_the_bytes_cannot_hold_makes_no_room_for_it()
    {
        foreach (var bytes in ValidMessages(seeds: 500))
        {
            // A number of 31 bits in the place of any byte: of a length, a count, a number of rows.
            for (var at = 0; at < bytes.Length; at += 1 + (bytes.Length / 40))
                TryRead((byte[])[.. bytes[..at], 0xFF, 0xFF, 0xFF, 0xFF, 0x07, .. bytes[(at + 1)..]]);
        }
    }

    [Theory]
    [InlineData(int.MaxValue, 0)]
    [InlineData(0, int.MaxValue)]
    [InlineData(0, 0x7FFFFFC7)]
    [InlineData(0x7FFFFFC7, 0)]
    [InlineData(65536, 65536)]
    [InlineData(int.MaxValue, 1)]
    public void Lengths_of_an_array_that_nothing_follows_are_malformed_or_an_empty_array(int rows, int columns)
    {
        using var writer = new MessageWriter();
        writer.WriteBytes([0x03, 0x02]);
        writer.WriteVar((uint)rows);
        writer.WriteVar((uint)columns);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var array = Client.Protocol.Serialization.Elements.ElementTable.Find<Array>()!.Read(new MessageReader(writer.Written));
            Assert.Empty(array);
        }
        catch (MalformedMessageException)
        {
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Overhead);
    }

    [Fact]
    public void Failures_within_failures_without_end_are_malformed()
    {
        using var writer = new MessageWriter();
        for (var left = 100_000; left > 0; left--)
        {
            Manifest.Write(writer, Manifest.KeyOf("0af"));
            writer.WriteVar((uint)left * 7);
        }

        var bytes = new MessageWriter();
        Manifest.Write(bytes, Manifest.KeyOf("x"));
        bytes.WriteBlock(writer.Written.Span);
        Assert.Throws<MalformedMessageException>(() => Read(bytes.Written));
    }

    [Fact]
    public void Failures_nested_too_deep_to_be_read_are_not_written()
    {
        Failure failure = new Cancelled("at last");
        for (var i = 0; i < MessageWriter.Deepest; i++)
            failure = new AutoflushFailed(failure);
        using var writer = new MessageWriter();

        Assert.False(_codec.Write(writer, new Refused(failure)));
        Assert.IsType<ResultMismatch>(Assert.IsType<Refused>(Read(writer.Written)).Failure);
    }

    [Fact]
    public void A_text_that_is_not_UTF_8_is_malformed()
    {
        using var writer = new MessageWriter();
        _codec.Write(writer, new StartListening("aa"));
        var bytes = writer.Written.ToArray();
        bytes[^1] = 0xC3;
        Assert.Throws<MalformedMessageException>(() => Read(bytes));
    }

    [Fact]
    public void What_a_newer_peer_appends_is_passed_over()
    {
        using var writer = new MessageWriter();
        _codec.Write(writer, new CancelErrand(new(1, 2)));
        var bytes = writer.Written.ToArray();
        byte[] longer = [.. bytes[..2], (byte)(bytes[2] + 3), .. bytes[3..], 0x40, 0x99, 0x99];
        var reader = new MessageReader(longer);

        Assert.Equal(new CancelErrand(new(1, 2)), _codec.Read(reader));
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Several_messages_are_read_one_behind_the_other()
    {
        using var writer = new MessageWriter();
        _codec.Write(writer, new StartListening("a"));
        _codec.Write(writer, GetPoolStatus.Instance);
        var reader = new MessageReader(writer.Written);

        Assert.Equal(new StartListening("a"), _codec.Read(reader));
        Assert.Same(GetPoolStatus.Instance, _codec.Read(reader));
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_chunk_points_into_the_bytes_only_when_they_are_kept(bool kept)
    {
        using var writer = new MessageWriter();
        _codec.Write(writer, new StreamBytes(new(1, 1), new byte[] { 1, 2, 3 }));
        var bytes = writer.Written.ToArray();
        var chunk = (StreamBytes)_codec.Read(new MessageReader(bytes, kept));
        bytes.AsSpan().Clear();

        Assert.Equal(kept ? [0, 0, 0] : [1, 2, 3], chunk.Bytes.ToArray());
    }

    private IEnumerable<byte[]> ValidMessages(int seeds)
    {
        for (var seed = 0; seed < seeds; seed++)
        {
            using var writer = new MessageWriter();
            _codec.Write(writer, new AnyMessage(new Random(seed), AnyMessage.Mood.Any).Draw());
            yield return writer.Written.ToArray();
        }
    }

    private bool TryRead(ReadOnlyMemory<byte> bytes)
    {
        var most = (bytes.Length * MostBytesForOne) + Overhead;
        var (isMessage, allocated) = Cost(bytes);
        // What the runtime makes once, at the first use of a type or the first exception of a place, is no cost of these bytes.
        for (var again = 0; allocated >= most && again < 3; again++)
            allocated = Cost(bytes).Allocated;
        Assert.True(allocated < most, $"{bytes.Length} bytes took {allocated}: {Convert.ToHexString(bytes.Span)}");
        return isMessage;
    }

    private (bool IsMessage, long Allocated) Cost(ReadOnlyMemory<byte> bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Read(bytes);
            return (true, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        catch (MalformedMessageException)
        {
            return (false, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    private object Read(ReadOnlyMemory<byte> bytes) => _codec.Read(new MessageReader(bytes));
}
