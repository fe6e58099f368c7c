using System.Threading.Tasks.Sources;

namespace Broker.Gateway.Tls;

/// <summary>
/// What an `SslStream` takes for its connection: bytes that are fed to it, and bytes that it leaves to be sent. A read that finds nothing
/// waits for <see cref="Feed"/>, which ends it on its own thread, or, during a handshake, on the thread pool. Only one thread is in it at a
/// time: whoever feeds does it while a read waits, or while nobody else works with it.
/// </summary>
internal sealed class MemoryDuplex : Stream, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _into;
    private byte[] _incoming = [];
    private int _start;
    private int _end;
    private byte[] _outgoing = [];
    private int _outgoingLength;
    private bool _ended;

    /// <summary>Called when a read has to wait; null when nobody needs to know.</summary>
    internal Action? Waits { get; set; }

    /// <summary>Whether a read waits.</summary>
    internal bool IsWaiting { get; private set; }

    /// <summary>Whether who waits goes on on the thread pool, not within <see cref="Feed"/>.</summary>
    internal bool GoesOnElsewhere
    {
        set => _read.RunContinuationsAsynchronously = value;
    }

    /// <summary>Bytes to be sent, up to the next write.</summary>
    internal ReadOnlyMemory<byte> Outgoing => _outgoing.AsMemory(0, _outgoingLength);

    private int Available => _end - _start;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>They are sent. The memory is let go, so that one who is silent holds none.</summary>
    internal void Sent() => (_outgoing, _outgoingLength) = ([], 0);

    /// <summary>Bytes have arrived.</summary>
    internal void Feed(ReadOnlySpan<byte> bytes)
    {
        if (Available + bytes.Length > _incoming.Length - _start)
        {
            var grown = new byte[Math.Max(Available + bytes.Length, 2 * Available)];
            _incoming.AsSpan(_start, Available).CopyTo(grown);
            (_incoming, _start, _end) = (grown, 0, Available);
        }
        bytes.CopyTo(_incoming.AsSpan(_end));
        _end += bytes.Length;
        Answer();
    }

    /// <summary>No more will arrive.</summary>
    internal void End()
    {
        _ended = true;
        Answer();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Available > 0 || _ended)
        {
            return new(Take(buffer));
        }
        _read.Reset();
        (_into, IsWaiting) = (buffer, true);
        var waiting = new ValueTask<int>(this, _read.Version);
        Waits?.Invoke();
        return waiting;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_outgoing.Length - _outgoingLength < buffer.Length)
        {
            Array.Resize(ref _outgoing, Math.Max(2 * _outgoing.Length, _outgoingLength + buffer.Length));
        }
        buffer.CopyTo(_outgoing.AsSpan(_outgoingLength));
        _outgoingLength += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private void Answer()
    {
        if (!IsWaiting || (Available == 0 && !_ended))
        {
            return;
        }
        IsWaiting = false;
        _read.SetResult(Take(_into));
    }

    private int Take(Memory<byte> into)
    {
        var taken = Math.Min(into.Length, Available);
        _incoming.AsSpan(_start, taken).CopyTo(into.Span);
        _start += taken;
        if (Available == 0)
        {
            (_incoming, _start, _end) = ([], 0, 0);
        }
        return taken;
    }
}
