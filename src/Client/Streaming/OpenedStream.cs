using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client.Streaming;

/// <summary>
/// The client's end of one stream: a connection lent for its time, and what was told to it. Disposing it before its end gives the
/// stream up, and the broker cancels what runs.
/// </summary>
internal sealed class OpenedStream : IDisposable
{
    private readonly ErrandId _id;
    private readonly Replies _replies;
    private readonly IActorRef _stream;
    private bool _ended;

    private OpenedStream(ErrandId id, Replies replies, IActorRef stream) => (_id, _replies, _stream) = (id, replies, stream);

    /// <summary>Waits for a connection and starts. The one answer is waited for also when the caller cancels, so that no stream is left open.</summary>
    internal static async ValueTask<OpenedStream> OpenAsync(
        StatementSender sender, string database, StreamSource source, SendingTerms terms, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var pool = await sender.Pools.FindAsync(database, terms.User).ConfigureAwait(false);
        var id = sender.NextId();
        var replies = new Replies(sender.Home, new ConnectionLost(pool.Pool, "the stream's actor died"));
        pool.Supervisor.Tell(new OpenStream(id, source, terms.Context, terms.Limits), replies);
        StreamOpened opened;
        using (cancellation.UnsafeRegister(_ => pool.Supervisor.Tell(new CancelErrand(id), ActorRefs.NoSender), null))
            opened = (StreamOpened)await replies.NextAsync(cancellation, waitOn: true).ConfigureAwait(false);
        replies.Watch(opened.Stream);
        var stream = new OpenedStream(id, replies, opened.Stream);
        if (!cancellation.IsCancellationRequested)
            return stream;
        stream.Dispose();
        throw new OperationCanceledException(cancellation);
    }

    /// <summary>Allows so many more chunks.</summary>
    internal void Demand(int chunks) => Tell(new DemandChunks(_id, chunks));

    /// <summary>Sends one chunk of COPY data and waits until it is written.</summary>
    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> owned, CancellationToken cancellation)
    {
        Tell(new SendCopyData(_id, owned));
        _ = (CopyDataTaken)await NextAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Ends the COPY; answers with the number of rows.</summary>
    internal async ValueTask<long> FinishAsync(CancellationToken cancellation)
    {
        Tell(new FinishCopy(_id));
        return ((StreamEnded)await NextAsync(cancellation).ConfigureAwait(false)).Rows;
    }

    /// <summary>What comes next. After <see cref="StreamEnded"/> or a refusal, which is thrown, there is nothing more.</summary>
    internal async ValueTask<IBrokerReply> NextAsync(CancellationToken cancellation)
    {
        try
        {
            var next = await _replies.NextAsync(cancellation).ConfigureAwait(false);
            _ended |= next is StreamEnded;
            return next;
        }
        catch (BrokerException)
        {
            _ended = true;
            throw;
        }
    }

    public void Dispose()
    {
        _replies.Unwatch(_stream);
        if (!_ended)
            Tell(new CloseStream(_id));
        _ended = true;
    }

    private void Tell(IBrokerRequest request) => _stream.Tell(request, _replies);
}
