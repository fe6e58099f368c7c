using System.Buffers;
using System.Buffers.Binary;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Tests.Messages;
using Broker.PgWire.Values;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Framing;

public sealed class FrameReaderTests
{
    private const int WholeUpTo = 256;

    [Property(MaxTest = 200)]
    public void However_a_stream_is_split_the_messages_are_the_same(int seed)
    {
        var any = new AnyMessage(seed);
        IWireMessage[] sent = [.. Enumerable.Range(0, 1 + any.Next(12)).Select(_ => any.NextBackend())];
        var stream = Encoded.Of(sent);

        Assert.Equal(sent.Select(message => Encoded.Of(message)),
            Received(FrameLimits.Backend, stream, () => any.Next(any.Next(5) == 0 ? 2_000 : 9)));
    }

    [Fact]
    public void A_stream_that_comes_byte_by_byte_is_the_same()
    {
        IWireMessage[] sent = [new Parse(WireText.Of("s"), WireText.Of("select $1"), [23]), Flush.Instance,
            new Query(WireText.Of(new string('x', 700))), Sync.Instance];

        Assert.Equal(sent.Select(message => Encoded.Of(message)), Received(FrameLimits.Frontend, Encoded.Of(sent), () => 1));
    }

    [Fact]
    public void Several_short_messages_of_one_buffer_are_given_one_by_one_and_whole()
    {
        var reader = new FrameReader(FrameLimits.Backend, WholeUpTo);
        var buffer = new ReadOnlySequence<byte>(Encoded.Of(BindComplete.Instance, new CommandComplete(WireText.Of("SELECT 1")),
            new ReadyForQuery(TransactionStatus.Idle)));

        Assert.True(reader.TryRead(ref buffer, out var bound)
            && bound.IsWhole
            && reader.TryRead(ref buffer, out var complete)
            && complete.IsWhole);
        Assert.True(reader.TryRead(ref buffer, out var ready));

        Assert.Equal((byte)BackendType.ReadyForQuery, ready.Type);
        Assert.Equal("I"u8.ToArray(), ready.Body.ToArray());
        Assert.False(reader.TryRead(ref buffer, out _));
        Assert.True(reader.IsBetweenMessages && buffer.IsEmpty && reader.Error is null);
    }

    [Fact]
    public void A_message_of_a_gibibyte_streams_without_memory()
    {
        var reader = new FrameReader(FrameLimits.Frontend, WholeUpTo);
        byte[] header = [(byte)FrontendType.CopyData, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), FrameLimits.Large);
        const int Length = FrameLimits.Large - sizeof(int);
        var chunk = new byte[64 * 1024];
        var buffer = Split.Of(header, chunk.AsMemory(0, WholeUpTo));
        long received = 0;
        Assert.True(reader.TryRead(ref buffer, out var piece) && piece is { IsFirst: true, IsLast: false });
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (received += piece.Body.Length; received < Length; received += piece.Body.Length)
        {
            buffer = new(chunk, 0, (int)Math.Min(chunk.Length, Length - received));
            Assert.True(reader.TryRead(ref buffer, out piece));
        }

        Assert.Equal(Length, received);
        Assert.True(piece.IsLast && reader.IsBetweenMessages);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(FrameLimits.Small + 1)]
    public void A_length_that_cannot_be_is_refused_at_the_header(int length)
    {
        var reader = new FrameReader(FrameLimits.Frontend, WholeUpTo);
        byte[] header = [(byte)FrontendType.Sync, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), length);
        var buffer = new ReadOnlySequence<byte>(header);

        Assert.False(reader.TryRead(ref buffer, out _));

        Assert.Equal(WireErrorKind.BadLength, reader.Error!.Kind);
        Assert.Equal(header.Length, buffer.Length);
    }

    [Theory]
    [InlineData(FrontendType.Close, FrameLimits.Small)]
    [InlineData(FrontendType.Query, FrameLimits.Large)]
    [InlineData(FrontendType.AuthenticationResponse, FrameLimits.AuthenticationToken)]
    public void The_length_itself_counts_towards_what_the_server_takes(FrontendType type, int longest)
    {
        foreach (var (length, taken) in new[] { (longest, true), (longest + 1, false) })
        {
            var reader = new FrameReader(FrameLimits.Frontend, WholeUpTo);
            byte[] begun = [(byte)type, 0, 0, 0, 0, .. new byte[WholeUpTo]];
            BinaryPrimitives.WriteInt32BigEndian(begun.AsSpan(1), length);
            var buffer = new ReadOnlySequence<byte>(begun);

            Assert.Equal(taken, reader.TryRead(ref buffer, out var frame));
            Assert.Equal(taken ? length - sizeof(int) : 0, frame.Length);
        }
    }

    [Fact]
    public void Before_a_client_has_proved_who_it_is_nothing_else_may_come()
    {
        foreach (var type in Enum.GetValues<FrontendType>()
            .Where(type => type is not (FrontendType.AuthenticationResponse or FrontendType.Terminate)))
        {
            var reader = new FrameReader(FrameLimits.Authenticating, WholeUpTo);
            var buffer = new ReadOnlySequence<byte>([(byte)type]);

            Assert.False(reader.TryRead(ref buffer, out _));
            Assert.Equal(WireErrorKind.UnknownType, reader.Error!.Kind);
        }
    }

    [Property(MaxTest = 1_000)]
    public void Garbage_ends_in_an_error_or_waits_and_takes_no_memory(byte[] garbage)
    {
        var reader = new FrameReader(FrameLimits.Frontend, WholeUpTo);
        var buffer = new ReadOnlySequence<byte>(garbage);
        var taken = 0L;
        while (reader.TryRead(ref buffer, out var frame))
            taken += frame.Body.Length + (frame.IsFirst ? FrameReader.HeaderLength : 0);

        Assert.Equal(garbage.Length, taken + buffer.Length);
        Assert.False(reader.TryRead(ref buffer, out _));
    }

    /// <summary>Feeds a stream in pieces and puts the frames together again, with their headers.</summary>
    private static List<byte[]> Received(FrameLimits limits, byte[] stream, Func<int> piece)
    {
        var reader = new FrameReader(limits, WholeUpTo);
        var (messages, current) = (new List<byte[]>(), new List<byte>());
        var kept = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < stream.Length;)
        {
            var length = Math.Min(piece(), stream.Length - at);
            kept.Add(stream.AsMemory(at, length));
            at += length;
            var buffer = Split.Of(kept);
            while (reader.TryRead(ref buffer, out var frame))
            {
                if (frame.IsFirst)
                {
                    var header = new byte[FrameReader.HeaderLength];
                    header[0] = frame.Type;
                    BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(1), frame.Length + sizeof(int));
                    current.AddRange(header);
                }
                current.AddRange(frame.Body.ToArray());
                Assert.True(frame.IsWhole || frame.Length > WholeUpTo);
                if (!frame.IsLast)
                    continue;
                messages.Add([.. current]);
                current.Clear();
            }
            Assert.Null(reader.Error);
            Assert.InRange(buffer.Length, 0, WholeUpTo + FrameReader.HeaderLength);
            kept = [buffer.ToArray()];
        }
        Assert.True(reader.IsBetweenMessages);
        return messages;
    }
}
