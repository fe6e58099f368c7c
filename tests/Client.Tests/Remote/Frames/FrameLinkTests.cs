using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Frames;
using FsCheck;
using FsCheck.Xunit;

namespace Broker.Client.Tests.Remote.Frames;

/// <summary>Two ends of a link with a way between them that loses, repeats, delays and reorders.</summary>
public sealed class FrameLinkTests
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    [Property(MaxTest = 300)]
    public void Every_message_arrives_once_and_in_the_order_of_its_lane(int seed, PositiveInt messages)
    {
        var way = new Way(new(seed));
        var sent = way.Send(Math.Min(messages.Get, 60));

        way.RunUntilQuiet();

        Assert.Equal(sent.Count, way.Got.Count);
        foreach (var lane in sent.GroupBy(static one => one.Lane))
            Assert.Equal(lane.Select(static one => one.Number), way.Got.Where(one => one.Lane == lane.Key).Select(static one => one.Number));
        Assert.All(way.Got, static one => Assert.True(one.IsWhole));
    }

    [Fact]
    public void A_frame_that_was_never_sent_is_not_acknowledged()
    {
        var link = new FrameLink(long.MaxValue, TimeSpan.FromSeconds(1), TimeSpan.Zero);
        link.Add(new(0, 1), new byte[10]);
        link.Flush(TimeSpan.Zero, static _ => { });

        link.Take(new(0, 1, ReadOnlyMemory<byte>.Empty), TimeSpan.Zero, []);

        Assert.Throws<MalformedMessageException>(() => link.Take(new(0, 2, ReadOnlyMemory<byte>.Empty), TimeSpan.Zero, []));
    }

    [Fact]
    public void A_small_message_waits_for_one_piece_of_a_large_one_beside_it()
    {
        var outgoing = new OutgoingFrames();
        outgoing.Add(new(1, 1), new byte[50 * FrameSizes.Piece]);
        Assert.True(outgoing.TryNext(out _));

        outgoing.Add(new(2, 2), new byte[] { 1, 2, 3 });

        Assert.True(outgoing.TryNext(out var next));
        Assert.Equal((byte)PieceKind.Whole, next.Content[0]);
        Assert.Equal([3, 0, 0, 0, 1, 2, 3], next.Content[1..8]);
    }

    [Fact]
    public void A_small_message_does_not_overtake_a_large_one_of_its_own_lane()
    {
        var (outgoing, incoming) = (new OutgoingFrames(), new IncomingFrames(long.MaxValue));
        var arrived = new List<ReadOnlyMemory<byte>>();
        outgoing.Add(new(1, 1), new byte[3 * FrameSizes.Piece]);
        outgoing.Add(new(1, 1), new byte[5]);

        while (outgoing.TryNext(out var frame))
        {
            incoming.Take(frame.Sequence, frame.Content, arrived);
            outgoing.Acknowledge(frame.Sequence);
        }

        Assert.Equal([3 * FrameSizes.Piece, 5], arrived.Select(static one => one.Length));
    }

    [Fact]
    public void Large_messages_of_several_lanes_take_turns()
    {
        var outgoing = new OutgoingFrames();
        outgoing.Add(new(1, 1), new byte[4 * FrameSizes.Piece]);
        outgoing.Add(new(2, 2), new byte[2 * FrameSizes.Piece]);
        var (incoming, arrived) = (new IncomingFrames(long.MaxValue), new List<ReadOnlyMemory<byte>>());

        while (outgoing.TryNext(out var frame))
        {
            incoming.Take(frame.Sequence, frame.Content, arrived);
            outgoing.Acknowledge(frame.Sequence);
        }

        Assert.Equal([2 * FrameSizes.Piece, 4 * FrameSizes.Piece], arrived.Select(static one => one.Length));
    }

    [Fact]
    public void Nothing_is_sent_beyond_the_window_until_the_other_end_acknowledges()
    {
        var outgoing = new OutgoingFrames();
        for (var i = 0; i < 300; i++)
            outgoing.Add(new(0, i), new byte[FrameSizes.Piece]);

        var last = 0L;
        while (outgoing.TryNext(out var frame))
            last = frame.Sequence;

        Assert.InRange(outgoing.UnderWay, FrameSizes.Window, FrameSizes.Window + (2 * FrameSizes.Frame));
        outgoing.Acknowledge(last);
        Assert.Equal(0, outgoing.UnderWay);
        Assert.True(outgoing.TryNext(out _));
    }

    [Fact]
    public void An_end_that_has_nothing_to_say_is_heard_once_every_heartbeat()
    {
        var link = new FrameLink(long.MaxValue, Heartbeat, TimeSpan.Zero);
        var said = new List<LinkFrame>();

        for (var second = 1; second <= 5; second++)
            link.Tick(Heartbeat * second, said.Add);

        Assert.Equal(5, said.Count);
        Assert.All(said, static frame => Assert.Equal(0, frame.Sequence));
    }

    [Fact]
    public void What_the_other_end_does_not_take_is_sent_again_after_ever_longer_times_and_is_known_to_wait()
    {
        var link = new FrameLink(long.MaxValue, Heartbeat, TimeSpan.Zero);
        var said = new List<(int Second, long Sequence)>();
        link.Add(new(1, 1), new byte[100]);
        link.Flush(TimeSpan.Zero, frame => said.Add((0, frame.Sequence)));

        for (var second = 1; second <= 20; second++)
            link.Tick(Heartbeat * second, frame => said.Add((second, frame.Sequence)));
        var untaken = link.Untaken(Heartbeat * 20);
        link.Take(new(0, 1, ReadOnlyMemory<byte>.Empty), Heartbeat * 20, []);
        link.Tick(Heartbeat * 21, static _ => { });

        Assert.Equal([0, 2, 3, 5, 9, 17], said.Where(static one => one.Sequence == 1).Select(static one => one.Second));
        Assert.Equal(Heartbeat * 19, untaken);
        Assert.Equal(TimeSpan.Zero, link.Untaken(Heartbeat * 21));
    }

    [Fact]
    public void What_is_received_in_bulk_is_acknowledged_before_the_sender_stops()
    {
        var (there, here) = (new FrameLink(long.MaxValue, Heartbeat, TimeSpan.Zero), new FrameLink(long.MaxValue, Heartbeat, TimeSpan.Zero));
        var message = new byte[200 * FrameSizes.Piece];
        new Random(1).NextBytes(message);
        there.Add(new(1, 1), message);
        var arrived = new List<ReadOnlyMemory<byte>>();
        var turns = 0;

        while (arrived.Count == 0 && turns++ < 1000)
        {
            var frames = new List<LinkFrame>();
            there.Flush(TimeSpan.Zero, frames.Add);
            frames.ForEach(frame => here.Take(frame, TimeSpan.Zero, arrived));
            var back = new List<LinkFrame>();
            here.Flush(TimeSpan.Zero, back.Add);
            back.ForEach(frame => there.Take(frame, TimeSpan.Zero, []));
        }

        Assert.True(message.AsSpan().SequenceEqual(Assert.Single(arrived).Span));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(400)]
    public void A_slow_way_is_not_filled_with_what_is_on_it_already(int kilobytesInAHeartbeat)
    {
        const int Messages = 300, Length = 10 * 1024;
        var (from, to) = (new FrameLink(long.MaxValue, Heartbeat, TimeSpan.Zero), new FrameLink(long.MaxValue, Heartbeat, TimeSpan.Zero));
        var (way, got, sent, room) = (new Queue<LinkFrame>(), new List<ReadOnlyMemory<byte>>(), 0L, 0L);
        for (var i = 0; i < Messages; i++)
            from.Add(new(1, i), new byte[Length]);

        for (var beat = 1; beat < 1000 && got.Count < Messages; beat++)
        {
            from.Flush(Heartbeat * beat, Send);
            from.Tick(Heartbeat * beat, Send);
            room += kilobytesInAHeartbeat * 1024;
            while (way.TryPeek(out var next) && next.Content.Length <= room)
            {
                room -= way.Dequeue().Content.Length;
                to.Take(next, Heartbeat * beat, got);
                to.Flush(Heartbeat * beat, back => from.Take(back, Heartbeat * beat, []));
            }
        }

        Assert.Equal(Messages, got.Count);
        Assert.InRange(sent, Messages * Length, Messages * Length * 3 / 2);

        void Send(LinkFrame frame)
        {
            sent += frame.Content.Length;
            way.Enqueue(frame);
        }
    }

    [Property(MaxTest = 2000)]
    public void Bytes_that_are_no_frame_are_told_as_such(byte[] bytes)
    {
        var incoming = new IncomingFrames(1024 * 1024);
        try
        {
            incoming.Take(1, bytes, []);
        }
        catch (MalformedMessageException malformed)
        {
            Assert.NotEmpty(malformed.Message);
        }
    }

    [Fact]
    public void Messages_in_pieces_are_held_up_to_the_limit_only()
    {
        var (outgoing, incoming) = (new OutgoingFrames(), new IncomingFrames(2 * FrameSizes.Piece));
        outgoing.Add(new(1, 1), new byte[5 * FrameSizes.Piece]);

        Assert.Throws<MalformedMessageException>(() =>
        {
            while (outgoing.TryNext(out var frame))
                incoming.Take(frame.Sequence, frame.Content, []);
        });
    }

    private sealed record Message(int Lane, int Number, bool IsWhole);

    /// <summary>A way that is unkind to frames, between a sender and a receiver.</summary>
    private sealed class Way(Random random)
    {
        private readonly FrameLink _from = new(long.MaxValue, Heartbeat, TimeSpan.Zero);
        private readonly FrameLink _to = new(long.MaxValue, Heartbeat, TimeSpan.Zero);
        private readonly List<LinkFrame> _there = [];
        private readonly List<LinkFrame> _back = [];
        private TimeSpan _now;

        internal List<Message> Got { get; } = [];

        internal List<Message> Send(int count)
        {
            var sent = new List<Message>();
            for (var number = 0; number < count; number++)
            {
                var lane = random.Next(4);
                var bytes = new byte[8 + (random.Next(5) == 0 ? random.Next(4 * FrameSizes.Piece) : random.Next(100))];
                Array.Fill(bytes, (byte)number);
                BitConverter.TryWriteBytes(bytes, lane);
                BitConverter.TryWriteBytes(bytes.AsSpan(4), number);
                _from.Add(new(lane, lane), bytes);
                sent.Add(new(lane, number, true));
                Step(lossy: true);
            }
            return sent;
        }

        internal void RunUntilQuiet()
        {
            for (var step = 0; step < 200; step++)
                Step(lossy: true);
            for (var step = 0; step < 2000 && (_from.Owed > 0 || step < 10); step++)
                Step(lossy: false);
        }

        private void Step(bool lossy)
        {
            _now += TimeSpan.FromMilliseconds(random.Next(1500));
            _from.Flush(_now, _there.Add);
            _from.Tick(_now, _there.Add);
            _to.Tick(_now, _back.Add);
            if (lossy && random.Next(20) == 0)
            {
                // The connection is cut, and made anew.
                _there.Clear();
                _back.Clear();
                _from.Resume(_to.Received, _now, _there.Add);
                _to.Resume(_from.Received, _now, _back.Add);
            }
            Carry(_there, _to, lossy);
            Carry(_back, _from, lossy);
        }

        private void Carry(List<LinkFrame> frames, FrameLink to, bool lossy)
        {
            var moved = frames.ToArray();
            frames.Clear();
            if (lossy && random.Next(4) == 0)
                random.Shuffle(moved);
            foreach (var frame in moved)
            {
                var fate = lossy ? random.Next(8) : 7;
                var arrived = new List<ReadOnlyMemory<byte>>();
                if (fate == 0)
                    continue;
                if (fate == 1)
                    frames.Add(frame);
                to.Take(frame, _now, arrived);
                Got.AddRange(arrived.Select(Read));
            }
            to.Flush(_now, (ReferenceEquals(to, _to) ? _back : _there).Add);
        }

        private static Message Read(ReadOnlyMemory<byte> bytes)
        {
            var number = BitConverter.ToInt32(bytes.Span[4..]);
            return new(BitConverter.ToInt32(bytes.Span), number, !bytes.Span[8..].ContainsAnyExcept((byte)number));
        }
    }
}
