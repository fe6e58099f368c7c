using Akka.Actor;
using Broker.Client.Diagnostics;
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
    private readonly BorrowActivity _activity;
    private bool _ended;

    private OpenedStream(ErrandId id, Replies replies, IActorRef stream, BorrowActivity activity) =>
        (_id, _replies, _stream, _activity) = (id, replies, stream, activity);

    /// <summary>
    /// Waits for a connection and starts. The one answer is waited for also when the caller cancels, so that no stream is left open.
    /// </summary>
    internal static async ValueTask<OpenedStream> OpenAsync(
        StatementSender sender, string database, StreamSource source, SendingTerms terms, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var activity = StreamActivity.Start(database, source, sender.Tracing);
        try
        {
            return await OpenAsync(sender, database, source, terms, activity, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            activity.Failed(exception);
            throw;
        }
    }

    private static async ValueTask<OpenedStream> OpenAsync(
        StatementSender sender, string database, StreamSource source, SendingTerms terms, BorrowActivity activity,
            CancellationToken cancellation)
    {
        var pool = await sender.Pools.FindAsync(database, terms.User).ConfigureAwait(false);
        var id = sender.NextId();
        var replies = new Replies(sender.Home, new ConnectionLost(pool.Pool, "the stream's actor died"), cancellation);
        pool.Supervisor.Tell(new OpenStream(id, source, terms.Context, terms.Limits), replies);
        StreamOpened opened;
        using (cancellation.UnsafeRegister(_ => pool.Supervisor.Tell(new CancelErrand(id), ActorRefs.NoSender), null))
            opened = (StreamOpened)await replies.NextAsync(cancellation, waitOn: true).ConfigureAwait(false);
        replies.Watch(opened.Stream);
        var stream = new OpenedStream(id, replies, opened.Stream, activity);
        activity.Opened(pool.Pool);
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
            if (next is StreamEnded)
            {
                _ended = true;
                _activity.Ended();
            }

            return next;
        }
        catch (BrokerException refused)
        {
            _ended = true;
            _activity.Failed(refused);
            throw;
        }
    }

    public void Dispose()
    {
        _replies.Unwatch(_stream);
        if (!_ended)
            Tell(new CloseStream(_id));
        _ended = true;
        _activity.Ended();
    }

    private void Tell(IBrokerRequest request) => _stream.Tell(request, _replies);
}
