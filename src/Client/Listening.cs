using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client;

/// <summary>
/// The notifications of one channel, to be enumerated once. Listening begins with <see cref="StartAsync"/> or the first MoveNextAsync and
/// ends with the loop; <see cref="DisposeAsync"/> is for the case that it was started and never enumerated. All callers of a pool share
/// one listening connection; when it is lost and made anew, a <see cref="Notification"/> with <c>Gap</c> says so. Notifications that
/// are not read wait in memory.
/// </summary>
public sealed class Listening : IAsyncEnumerable<Notification>, IAsyncDisposable
{
    private readonly StatementSender _sender;
    private readonly SendingTerms _terms;
    private readonly string _database;
    private readonly string _channel;
    private readonly CancellationToken _cancellation;
    private PoolFound? _pool;
    private Replies? _replies;
    private bool _stopped;

    internal Listening(StatementSender sender, string database, SendingTerms terms, string channel, CancellationToken cancellation) =>
        (_sender, _database, _terms, _channel, _cancellation) = (sender, database, terms, channel, cancellation);

    /// <summary>One that nobody disposed still stops listening.</summary>
    ~Listening() => Stop();

    /// <summary>
    /// Listens now; ends when the server does, so that everything notified from then on will be heard. For reading a table first and
    /// its changes afterwards without missing one in between.
    /// </summary>
    public async ValueTask StartAsync(CancellationToken cancellation = default)
    {
        if (_stopped)
            throw new InvalidOperationException($"listening on \"{_channel}\" is over; call ListenAsync again");
        if (_replies is not null)
            return;
        cancellation.ThrowIfCancellationRequested();
        _pool = await _sender.Pools.FindAsync(_database, _terms.User).ConfigureAwait(false);
        _replies = new(_sender.Home, new BrokerStopping($"pool {_pool.Pool}"));
        _replies.Watch(_pool.Supervisor);
        _pool.Supervisor.Tell(new StartListening(_channel), _replies);
        _ = (ListeningStarted)await _replies.NextAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerator<Notification> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_cancellation, cancellationToken);
        try
        {
            await StartAsync(either.Token).ConfigureAwait(false);
            while (true)
                yield return await NextAsync(either.Token).ConfigureAwait(false);
        }
        finally
        {
            Stop();
        }
    }

    /// <summary>Stops listening.</summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Stop();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<Notification> NextAsync(CancellationToken cancellation) =>
        await _replies!.NextAsync(cancellation).ConfigureAwait(false) switch
    {
        Notified notified => new(notified.Channel, notified.Payload, notified.SenderPid),
        ListeningGap gap => new(gap.Channel, "", 0, Gap: true),
        var other => throw new InvalidOperationException($"{other.GetType().Name} is no answer to a listener"),
    };

    private void Stop()
    {
        _stopped = true;
        if (_pool is null || _replies is null)
            return;
        _replies.Unwatch(_pool.Supervisor);
        _pool.Supervisor.Tell(new StopListening(_channel), _replies);
        _pool = null;
    }
}
