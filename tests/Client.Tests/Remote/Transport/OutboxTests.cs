using Broker.Client.Remote.Transport;
using Google.Protobuf;

namespace Broker.Client.Tests.Remote.Transport;

/// <summary>What several threads send on one connection.</summary>
public sealed class OutboxTests
{
    private const int Writers = 3;
    private const int FramesEach = 2_000_000;

    [Fact]
    public async Task Two_never_write_at_a_time_however_many_add()
    {
        var stream = new OneAtATime();
        var outbox = new Outbox(stream, new() { Backlog = int.MaxValue }, TimeProvider.System);
        var frame = ByteString.CopyFrom(1, 2, 3, 4);

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            for (var sent = 0; sent < FramesEach; sent++)
            {
                Assert.True(outbox.TryAdd(frame, out var first));
                if (first)
                {
                    await outbox.SendAll();
                }
            }
        })));

        Assert.Equal((0, 0), (stream.Overlaps, stream.Empties));
        Assert.Equal((long)Writers * FramesEach * 8, stream.Written);
    }

    private sealed class OneAtATime : Stream
    {
        private int _inside;
        private long _written;
        private int _overlaps;
        private int _empties;

        internal long Written => Volatile.Read(ref _written);

        internal int Overlaps => Volatile.Read(ref _overlaps);

        internal int Empties => Volatile.Read(ref _empties);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Interlocked.Increment(ref _inside) != 1)
            {
                Interlocked.Increment(ref _overlaps);
            }
            Interlocked.Add(ref _written, buffer.Length);
            if (buffer.IsEmpty)
            {
                Interlocked.Increment(ref _empties);
            }
            if (buffer.Length % 48 == 0 && buffer.Length > 0)
            {
                await Task.Yield();
            }
            Interlocked.Decrement(ref _inside);
        }

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
