using Broker.Client.Protocol.Messages;

namespace Broker.Client.Streaming;

/// <summary>
/// The data of a COPY ... TO STDOUT as a stream that is read asynchronously. Disposing it before its end cancels the COPY; at its end
/// the connection has gone back already.
/// </summary>
internal sealed class CopyOutStream : Stream
{
    private const int ChunksUnderWay = 2;

    private readonly OpenedStream _source;
    private ReadOnlyMemory<byte> _chunk;
    private bool _ended;

    internal CopyOutStream(OpenedStream source)
    {
        _source = source;
        source.Demand(ChunksUnderWay);
    }

    /// <summary>A stream that nobody disposed still gives its connection back.</summary>
    ~CopyOutStream() => Dispose(false);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_chunk.IsEmpty && !_ended && !buffer.IsEmpty)
            await NextChunkAsync(cancellationToken).ConfigureAwait(false);
        var count = Math.Min(buffer.Length, _chunk.Length);
        _chunk[..count].CopyTo(buffer);
        _chunk = _chunk[count..];
        if (_chunk.IsEmpty && count > 0 && !_ended)
            _source.Demand(1);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Not supported, because nothing here blocks a thread: use ReadAsync.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read it with ReadAsync");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        (_ended, _chunk) = (true, default);
        _source.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask NextChunkAsync(CancellationToken cancellation)
    {
        switch (await _source.NextAsync(cancellation).ConfigureAwait(false))
        {
            case StreamBytes { Bytes: var bytes }:
                _chunk = bytes;
                if (bytes.IsEmpty)
                    _source.Demand(1);
                break;
            default:
                _ended = true;
                break;
        }
    }
}
