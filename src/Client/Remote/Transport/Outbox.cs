using System.Buffers.Binary;
using System.Collections.Concurrent;
using Google.Protobuf;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// What waits to be sent on one connection. Any thread may add; whoever adds to an empty one sends, and all that waits by then goes in one
/// piece.
/// </summary>
internal sealed class Outbox
{
    private const int LengthSize = sizeof(int);

    /// <summary>How much is sent in one piece, in bytes; a longer frame goes alone.</summary>
    private const int PieceSize = 64 * 1024;

    /// <summary>How many pieces are sent before the thread that sends, which has other work, leaves the rest to another.</summary>
    private const int PiecesInARow = 16;

    private readonly ConcurrentQueue<ByteString> _frames = new();
    private readonly Stream _stream;
    private readonly ConnectionLimits _limits;
    private readonly TimeProvider _clock;
    private byte[] _piece = new byte[1024];
    private int _pending;
    private int _backlog;
    private long _sendingSince;

    public Outbox(Stream stream, ConnectionLimits limits, TimeProvider clock) => (_stream, _limits, _clock) = (stream, limits, clock);

    /// <summary>Whether nothing waits and nothing is on its way.</summary>
    public bool IsEmpty => Volatile.Read(ref _pending) == 0;

    /// <summary>Since when the peer has not taken what is being sent; zero when nothing is.</summary>
    public long SendingSince => Volatile.Read(ref _sendingSince);

    /// <summary>Adds a frame. When <paramref name="first"/>, it is for the caller to <see cref="SendAll"/>.</summary>
    /// <returns>False when too much waits already: then the frame was not added, and the connection is to be closed.</returns>
    public bool TryAdd(ByteString frame, out bool first)
    {
        var size = LengthSize + frame.Length;
        first = false;
        if (Interlocked.Add(ref _backlog, size) > _limits.Backlog)
        {
            Interlocked.Add(ref _backlog, -size);
            return false;
        }

        // Counted first: one that is sent before it is counted would leave a count that makes two first.
        first = Interlocked.Increment(ref _pending) == 1;
        _frames.Enqueue(frame);
        return true;
    }

    /// <summary>Sends what waits, until nothing does. One caller at a time: who was told that its frame was the first.</summary>
    public async Task SendAll()
    {
        for (var pieces = 1; ; pieces++)
        {
            var (count, size) = Fill();
            if (count == 0)
            {
                // One that is counted is about to be added.
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                continue;
            }

            Volatile.Write(ref _sendingSince, _clock.GetTimestamp());
            await _stream.WriteAsync(_piece.AsMemory(0, size)).ConfigureAwait(false);
            Volatile.Write(ref _sendingSince, 0);
            Interlocked.Add(ref _backlog, -size);
            if (Interlocked.Add(ref _pending, -count) == 0)
            {
                return;
            }

            if (pieces % PiecesInARow == 0)
            {
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }
        }
    }

    private (int Count, int Size) Fill()
    {
        var (count, size) = (0, 0);
        while (_frames.TryPeek(out var frame) && (size == 0 || size + LengthSize + frame.Length <= PieceSize))
        {
            _frames.TryDequeue(out _);
            Reserve(size, LengthSize + frame.Length);
            BinaryPrimitives.WriteInt32BigEndian(_piece.AsSpan(size), frame.Length);
            frame.Span.CopyTo(_piece.AsSpan(size + LengthSize));
            (count, size) = (count + 1, size + LengthSize + frame.Length);
        }

        return (count, size);
    }

    private void Reserve(int used, int more)
    {
        if (_piece.Length < used + more)
        {
            Array.Resize(ref _piece, Math.Max(used + more, Math.Min(PieceSize, 2 * _piece.Length)));
        }
    }
}
